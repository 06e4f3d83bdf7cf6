import { formatDuration } from '../formats/duration.ts'
import { grouped, type Output } from '../output/output.ts'
import type { LatencyTail } from '../run/latencies.ts'
import type { RunPlan, RunResult } from '../run/ping-run.ts'
import { headline, retryLines, runDocument } from '../run/run-report.ts'

const ROWS: readonly (readonly [string, keyof LatencyTail])[] = [
  ['50 %', 'p50'],
  ['75 %', 'p75'],
  ['90 %', 'p90'],
  ['99 %', 'p99'],
  ['99.9 %', 'p999'],
  ['99.99 %', 'p9999'],
  ['max', 'max'],
]

/** How the load was sent, for the report. */
export interface LoadShape {
  readonly stream: boolean
  readonly concurrency: number
}

export function reportLoad(plan: RunPlan, shape: LoadShape, result: RunResult, output: Output): void {
  const { started, omitted } = result
  const [latencyMs, sentLatencyMs] = [result.latencies.tail(), result.sentLatencies?.tail()]
  const lines = [
    headline(started, result),
    shapeText(plan, shape),
    ...(latencyMs ? ['', latencyTitle(plan), ...tailLines(latencyMs, sentLatencyMs), ...omittedLines(plan, omitted)] : []),
    ...retryLines(result),
  ]
  const document = {
    ...runDocument(started, result),
    batch: plan.batch,
    stream: shape.stream,
    concurrency: shape.concurrency,
    loop: plan.perSecond === undefined ? 'closed' : 'open',
    latencyMs: latencyMs ? { ...latencyMs } : null,
    ...(sentLatencyMs && { sentLatencyMs: { ...sentLatencyMs } }),
    omitted,
  }
  output.result(document, lines.join('\n'))
}

function shapeText({ batch, perSecond }: RunPlan, { stream, concurrency }: LoadShape): string {
  const callers = stream
    ? `${concurrency} ${concurrency === 1 ? 'stream' : 'streams'}`
    : `${concurrency} concurrent ${concurrency === 1 ? 'call' : 'calls'}`
  const size = batch === 1 ? '1 ping' : `${grouped(batch)} pings`
  const loop =
    perSecond === undefined
      ? 'as fast as the server answers (closed loop)'
      : `${grouped(Math.round(perSecond * 1_000) / 1_000)} pings due per second (open loop)`
  return `${callers}, ${size} per ${stream ? 'message' : 'call'}, ${loop}`
}

function latencyTitle({ perSecond }: RunPlan): string {
  return perSecond === undefined
    ? 'latency of a ping, from its first try'
    : 'latency of a ping, from when it was due (in brackets: from its first try)'
}

function tailLines(latency: LatencyTail, sent: LatencyTail | undefined): readonly string[] {
  return ROWS.map(([name, key]) => {
    const inBrackets = sent ? `  (${formatDuration(sent[key])})` : ''
    return `  ${name.padEnd(8)} ${formatDuration(latency[key]).padStart(9)}${inBrackets}`
  })
}

/** A server that stalls keeps a closed loop from sending, so its stall shows in few pings. It stops an open loop only when all callers wait. */
function omittedLines({ perSecond }: RunPlan, omitted: number): readonly string[] {
  if (perSecond === undefined) return ['', omittedText(omitted)]
  if (omitted === 0) return []
  return [
    '',
    `Not sent: ${grouped(omitted)} more pings were due before the end, while all callers waited. Their latencies are missing.\nA higher --concurrency would have sent them.`,
  ]
}

function omittedText(omitted: number): string {
  if (omitted === 0) return 'Coordinated omission: none; no ping took twice the median or more.'
  return `Coordinated omission: not corrected. While callers waited longer than the median, about ${grouped(omitted)} more pings\nwould have been sent, and would have waited too. With --rate, the latencies include such waits.`
}
