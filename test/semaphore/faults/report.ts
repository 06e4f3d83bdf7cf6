import type { Fault } from '../../faults/fault.ts'
import { byResource } from './by-resource.ts'
import { grantDelays, type Outage } from './check-idle.ts'
import type { History } from './history.ts'

export interface RunFigures {
  readonly seed: number
  readonly history: History
  readonly limitOf: (resource: string) => number
  /** Records of actionable commands that were there before. */
  readonly duplicates: number
  /** From the last request until the last command had ended. */
  readonly drainMs: number
}

/** What `npm run faults:semaphore` prints at the end. */
export function reportFaults(faults: readonly Fault[], { seed, history, limitOf, duplicates, drainMs }: RunFigures): string {
  const { requests, events, actionable, outcomes } = history
  const delays = byResource(history).flatMap(resource => grantDelays(resource, limitOf(resource.name)))
  const names = [...new Set(faults.map(({ names }) => names.join(' + ')))].toSorted()
  return [
    '',
    `semaphore, seed ${seed}: ${requests.length} requests, ${events.length} events, ${actionable.length} actionable (${duplicates} duplicates), ${outcomes.length} outcomes`,
    `  ${'fault'.padEnd(18)}  n   longest wait for a free slot, s   (median, maximum; from when the part was up, or the program started)`,
    ...names.map(name => {
      const own = faults.filter(fault => fault.names.join(' + ') === name)
      return `  ${name.padEnd(18)} ${String(own.length).padStart(2)}   ${seconds(own.map(fault => recoveryMs(fault, delays)))}`
    }),
    `  every command had ended ${(drainMs / 1000).toFixed(2)} s after the last request`,
    '',
  ].join('\n')
}

/** For how long after the fault a command waited that could have been granted since a moment of the fault. */
function recoveryMs({ killedMs, backMs }: Fault, delays: readonly Outage[]): number {
  const [from, to] = [performance.timeOrigin + killedMs, performance.timeOrigin + backMs]
  const waited = delays.filter(({ fromMs, toMs }) => fromMs >= from && fromMs <= to && toMs > to)
  return Math.max(0, ...waited.map(({ toMs }) => toMs - to))
}

function seconds(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b)
  const text = (ms: number | undefined) => (ms === undefined ? '–' : (ms / 1000).toFixed(2)).padStart(6)
  return `${text(sorted[Math.floor((sorted.length - 1) / 2)])} ${text(sorted.at(-1))}`
}
