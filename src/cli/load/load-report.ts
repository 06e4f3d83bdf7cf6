import { formatDuration } from '../formats/duration.ts'
import { grouped, type Output } from '../output/output.ts'
import type { LatencyTail } from './latencies.ts'
import type { LoadPlan, LoadResult } from './load-run.ts'

const ROWS: readonly (readonly [string, keyof LatencyTail])[] = [
  ['50 %', 'p50'],
  ['75 %', 'p75'],
  ['90 %', 'p90'],
  ['99 %', 'p99'],
  ['99.9 %', 'p999'],
  ['99.99 %', 'p9999'],
  ['longest', 'max'],
]

/** How the load was sent, for the report. */
export interface LoadShape {
  readonly stream: boolean
  readonly concurrency: number
}

export function reportLoad(plan: LoadPlan, shape: LoadShape, result: LoadResult, output: Output): void {
  const { started, acked, open, retries, elapsedMs, latencyMs, sentLatencyMs, omitted } = result
  const perSecond = elapsedMs > 0 ? (acked / elapsedMs) * 1_000 : 0
  const lines = [
    `${grouped(acked)} of ${grouped(started)} pings acknowledged in ${formatDuration(elapsedMs)}, ${grouped(Math.round(perSecond))} per second`,
    shapeText(plan, shape),
    ...(latencyMs ? ['', latencyTitle(plan), ...tailLines(latencyMs, sentLatencyMs)] : []),
    ...(latencyMs === undefined ? [] : omittedLines(plan, omitted)),
    ...(retries > 0 ? [`tries beyond the first: ${grouped(retries)}`] : []),
  ]
  const document = {
    pings: started,
    acked,
    open: open.map(ping => ping.id),
    retries,
    elapsedMs: rounded(elapsedMs),
    perSecond: rounded(perSecond),
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

function shapeText({ batch, perSecond }: LoadPlan, { stream, concurrency }: LoadShape): string {
  const callers = stream
    ? `${concurrency} ${concurrency === 1 ? 'stream' : 'streams'}`
    : `${concurrency} ${concurrency === 1 ? 'call' : 'calls'} at once`
  const size = batch === 1 ? 'one ping' : `${grouped(batch)} pings`
  const loop =
    perSecond === undefined
      ? 'as fast as answers come (closed loop)'
      : `${grouped(Math.round(perSecond * 1_000) / 1_000)} pings due per second (open loop)`
  return `${callers}, ${size} a ${stream ? 'message' : 'call'}, ${loop}`
}

function latencyTitle({ perSecond }: LoadPlan): string {
  return perSecond === undefined
    ? 'latency of a ping, from its first try'
    : 'latency of a ping, from when it was due; in brackets from its first try'
}

function tailLines(latency: LatencyTail, sent: LatencyTail | undefined): readonly string[] {
  return ROWS.map(([name, key]) => {
    const inBrackets = sent ? `  (${formatDuration(sent[key])})` : ''
    return `  ${name.padEnd(8)} ${formatDuration(latency[key]).padStart(9)}${inBrackets}`
  })
}

/** A server that stalls keeps a closed loop from sending, so that its stall shows in few pings; an open one only when all its callers wait. */
function omittedLines({ perSecond }: LoadPlan, omitted: number): readonly string[] {
  if (perSecond === undefined) return ['', omittedText(omitted)]
  if (omitted === 0) return []
  return [
    '',
    `Not sent: ${grouped(omitted)} more pings were due before the end, while all callers waited. Their latencies are missing;\nmore --concurrency would have sent them.`,
  ]
}

function omittedText(omitted: number): string {
  if (omitted === 0) return 'Coordinated omission: none; no ping took twice the median or longer.'
  return `Coordinated omission: not corrected. While callers waited longer than the median, about ${grouped(omitted)} more pings\nwould have been sent, and would have waited too. With --rate such waits are in the latencies.`
}

function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000
}
