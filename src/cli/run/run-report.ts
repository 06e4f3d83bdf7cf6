import { formatDuration } from '../formats/duration.ts'
import { grouped, type JsonDocument } from '../output/output.ts'
import type { RunResult } from './ping-run.ts'

/** The first line of a run's report. `pings`: how many the run was to send. */
export function headline(pings: number, result: RunResult): string {
  const { acked, elapsedMs } = result
  const rate = grouped(Math.round(perSecond(result)))
  return `${grouped(acked)} of ${grouped(pings)} pings acknowledged in ${formatDuration(elapsedMs)}, ${rate} per second`
}

/** The last line, if there were retries. */
export function retryLines({ retries }: RunResult): readonly string[] {
  return retries > 0 ? [`retries: ${grouped(retries)}`] : []
}

/** The first fields of every run's JSON document. */
export function runDocument(pings: number, result: RunResult) {
  const { acked, open, retries, elapsedMs } = result
  return {
    pings,
    acked,
    open: open.map(ping => ping.id),
    retries,
    elapsedMs: rounded(elapsedMs),
    perSecond: rounded(perSecond(result)),
  } satisfies JsonDocument
}

function perSecond({ acked, elapsedMs }: RunResult): number {
  return elapsedMs > 0 ? (acked / elapsedMs) * 1_000 : 0
}

/** To three decimal places. */
export function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000
}
