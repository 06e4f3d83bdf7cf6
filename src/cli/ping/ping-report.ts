import type { Context } from '../context.ts'
import { CliError, EXIT, type ExitCode } from '../exit-codes.ts'
import { formatDuration } from '../formats/duration.ts'
import type { LatencySummary } from '../load/latencies.ts'
import { grouped, type Output } from '../output/output.ts'
import type { Ack, RunPlan, RunResult } from './ping-run.ts'

/** Ids shown in a message; --json shows all. */
const SHOWN_IDS = 5

/** What was to be acknowledged. */
type SentPings = Pick<RunPlan, 'pings' | 'timestampMs'> & {
  /** False: ended before its time, though nothing is left open. */
  readonly isWhole?: boolean
}

export function reportOne({ id, tries, latencyMs }: Ack, output: Output): void {
  const after = tries === 1 ? '' : `, ${tries} tries`
  output.result({ id, tries, latencyMs: rounded(latencyMs) }, `recorded ${id} (${formatDuration(latencyMs)}${after})`)
}

export function reportRun(plan: RunPlan, result: RunResult, output: Output): void {
  const { acked, open, retries, elapsedMs, latencyMs, sentLatencyMs } = result
  const perSecond = elapsedMs > 0 ? (acked / elapsedMs) * 1_000 : 0
  const lines = [
    `${grouped(acked)} of ${grouped(plan.pings)} pings acknowledged in ${formatDuration(elapsedMs)}, ${grouped(Math.round(perSecond))} per second`,
    ...(latencyMs ? [`latency: ${latencyText(latencyMs)}${sentLatencyMs ? ', from when each ping was due' : ''}`] : []),
    ...(sentLatencyMs ? [`from its first try: ${latencyText(sentLatencyMs)}`] : []),
    ...(retries > 0 ? [`tries beyond the first: ${grouped(retries)}`] : []),
  ]
  const document = {
    pings: plan.pings,
    acked,
    open: open.map(ping => ping.id),
    retries,
    elapsedMs: rounded(elapsedMs),
    perSecond: rounded(perSecond),
    latencyMs: latencyMs ? { ...latencyMs } : null,
    ...(sentLatencyMs && { sentLatencyMs: { ...sentLatencyMs } }),
  }
  output.result(document, lines.join('\n'))
}

/** The exit code of a run; says on standard error what is left open. Throws the error that ended it. */
export function conclude(
  plan: SentPings,
  { acked, open }: Pick<RunResult, 'acked' | 'open'>,
  { output, interrupt, sameServer }: Context,
): ExitCode {
  if (acked === plan.pings && plan.isWhole !== false) return EXIT.ok
  const unsettled = open.filter(({ error }) => error.exitCode !== EXIT.refused).map(ping => ping.id)
  if (unsettled.length > 0) output.note(openText(plan, unsettled, sameServer))
  const exitCode = interrupt.exitCode()
  if (exitCode !== undefined) {
    output.note('interrupted')
    return exitCode
  }
  throw open[0]?.error ?? new CliError(EXIT.failed, `${acked} of ${plan.pings} pings acknowledged`)
}

function openText(plan: SentPings, ids: readonly string[], sameServer: readonly string[]): string {
  const server = sameServer.map(word => ` ${word}`).join('')
  const timestamp = plan.timestampMs === undefined ? '' : ` --timestamp=${plan.timestampMs}`
  const which = ids.length === 1 ? '1 ping was' : `${ids.length} pings were`
  const lines = ids.slice(0, SHOWN_IDS).map(id => `  npx pingcli ping --id ${id}${timestamp}${server}`)
  const more = ids.length > SHOWN_IDS ? [`  … and ${ids.length - SHOWN_IDS} more; --json lists all`] : []
  return [
    `${which} not acknowledged, and may be recorded or not. Sent again with the same id, a ping is counted once:`,
    ...lines,
    ...more,
  ].join('\n')
}

function latencyText({ p50, p90, p99, max }: LatencySummary): string {
  return `p50 ${formatDuration(p50)}, p90 ${formatDuration(p90)}, p99 ${formatDuration(p99)}, longest ${formatDuration(max)}`
}

function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000
}
