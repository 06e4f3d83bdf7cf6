import { formatDuration } from '../formats/duration.ts'
import type { Output } from '../output/output.ts'
import type { LatencySummary } from '../run/latencies.ts'
import type { Ack, RunResult } from '../run/ping-run.ts'
import { headline, retryLines, rounded, runDocument } from '../run/run-report.ts'

export function reportOne({ id, tries, latencyMs }: Ack, output: Output): void {
  const after = tries === 1 ? '' : `, ${tries} tries`
  output.result({ id, tries, latencyMs: rounded(latencyMs) }, `recorded ${id} (${formatDuration(latencyMs)}${after})`)
}

export function reportRun(pings: number, result: RunResult, output: Output): void {
  const [latencyMs, sentLatencyMs] = [result.latencies.summary(), result.sentLatencies?.summary()]
  const lines = [
    headline(pings, result),
    ...(latencyMs ? [`latency: ${latencyText(latencyMs)}${sentLatencyMs ? ', from when each ping was due' : ''}`] : []),
    ...(sentLatencyMs ? [`from its first try: ${latencyText(sentLatencyMs)}`] : []),
    ...retryLines(result),
  ]
  const document = {
    ...runDocument(pings, result),
    latencyMs: latencyMs ? { ...latencyMs } : null,
    ...(sentLatencyMs && { sentLatencyMs: { ...sentLatencyMs } }),
  }
  output.result(document, lines.join('\n'))
}

function latencyText({ p50, p90, p99, max }: LatencySummary): string {
  return `p50 ${formatDuration(p50)}, p90 ${formatDuration(p90)}, p99 ${formatDuration(p99)}, max ${formatDuration(max)}`
}
