import type { Fault } from '../../faults/fault.ts'
import type { History } from './history.ts'

/** A kill, and the ms from when the part was up again until a command became actionable. */
export interface MeasuredKill extends Fault {
  readonly recoveredMs: number
}

export interface RunFigures {
  readonly seed: number
  readonly history: History
  /** Records of actionable commands that were there before. */
  readonly duplicates: number
  /** From the last request until the last command had ended. */
  readonly drainMs: number
}

/** What `npm run faults:semaphore` prints at the end. */
export function reportKills(kills: readonly MeasuredKill[], { seed, history, duplicates, drainMs }: RunFigures): string {
  const { requests, events, actionable, outcomes } = history
  const names = [...new Set(kills.map(({ names }) => names.join(' + ')))].toSorted()
  return [
    '',
    `semaphore, seed ${seed}: ${requests.length} requests, ${events.length} events, ${actionable.length} actionable (${duplicates} duplicates), ${outcomes.length} outcomes`,
    `  ${'killed'.padEnd(12)}  n   next grant, s   (median, maximum; from when the part was up, or the program started)`,
    ...names.map(name => {
      const times = kills.filter(kill => kill.names.join(' + ') === name).map(({ recoveredMs }) => recoveredMs)
      return `  ${name.padEnd(12)} ${String(times.length).padStart(2)}   ${seconds(times)}`
    }),
    `  every command had ended ${(drainMs / 1000).toFixed(2)} s after the last request`,
    '',
  ].join('\n')
}

function seconds(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b)
  const text = (ms: number | undefined) => (ms === undefined ? '–' : (ms / 1000).toFixed(2)).padStart(6)
  return `${text(sorted[Math.floor((sorted.length - 1) / 2)])} ${text(sorted.at(-1))}`
}
