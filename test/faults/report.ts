import type { Fault } from './fault.ts'

/** A fault and how long it took from there on, in ms. */
export interface MeasuredFault extends Fault {
  /** Until the first ack, from when the part was there again (or, for a program, was started). */
  ackMs: number | undefined
  /** Until the first fresh count from the cache. */
  freshMs: number | undefined
  /** Until the cache was completely correct, after the last ack; measured once a round. */
  quietMs?: number
}

export interface RunFigures {
  readonly seed: number
  readonly pings: number
  /** Further pings, sent by PingBatch and PingStream. */
  readonly bulkPings: number
  readonly reads: number
  readonly failures: ReadonlyMap<string, number>
}

/** What `npm run faults` prints at the end (I7). */
export function reportFaults(faults: readonly MeasuredFault[], { seed, pings, bulkPings, reads, failures }: RunFigures): string {
  const names = [...new Set(faults.map(({ names }) => names.join(' + ')))].toSorted((a, b) => a.length - b.length || a.localeCompare(b))
  const lines = names.map(name => {
    const own = faults.filter(fault => fault.names.join(' + ') === name)
    const times = (pick: (fault: MeasuredFault) => number | undefined) => seconds(own.flatMap(fault => pick(fault) ?? []))
    return `  ${name.padEnd(22)} ${String(own.length).padStart(2)}   ${times(fault => fault.ackMs)}   ${times(fault => fault.freshMs)}`
  })
  const quiet = faults.flatMap(fault => fault.quietMs ?? [])
  const failed = [...failures].map(([what, count]) => `${what} ${count}`).join(', ')
  return [
    '',
    `faults, seed ${seed}: ${pings} pings and ${bulkPings} in bulk, ${reads} counts read; tries that failed: ${failed || 'none'}`,
    `  ${'killed'.padEnd(22)}  n   first ack, s      fresh count, s     (median, maximum; from when the part was up, or the program started)`,
    ...lines,
    `  cache completely correct after the last ack: ${seconds(quiet)} s`,
    '',
  ].join('\n')
}

function seconds(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b)
  const text = (ms: number | undefined) => (ms === undefined ? '–' : (ms / 1000).toFixed(2)).padStart(6)
  return `${text(sorted[Math.floor((sorted.length - 1) / 2)])} ${text(sorted.at(-1))}`
}
