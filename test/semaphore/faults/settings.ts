import { faultSettings, type FaultSettings } from '../../faults/settings.ts'

/** The variables by which `npm run faults:semaphore` hands its options to the tests. */
export const RESOURCES = 'SEMAPHORE_FAULT_RESOURCES'
export const COMMANDS = 'SEMAPHORE_FAULT_COMMANDS'
export const LONG = 'SEMAPHORE_FAULT_LONG'

export interface SemaphoreFaultSettings extends FaultSettings {
  readonly resources: number
  /** Of all resources together, at least. */
  readonly commands: number
  /** True: the whole load with every broker, and every planted bug. False: as in a run of all tests. */
  readonly isLong: boolean
}

/** In a run of all tests. */
const SHORT = { runs: 1, resources: 100, commandsOfEach: 10 }
/** With `npm run faults:semaphore`. */
const DEFAULTS = { runs: 1, resources: 200, commandsOfEach: 25 }

/** The settings of a fault run. The one place that reads them. */
export function semaphoreFaultSettings(): SemaphoreFaultSettings {
  const { PING_FAULT_RUNS: runs, [RESOURCES]: resources, [COMMANDS]: commands, [LONG]: long } = process.env
  const isLong = long === 'true'
  const fallback = isLong ? DEFAULTS : SHORT
  const count = Number(resources ?? fallback.resources)
  return {
    runs: Number(runs ?? fallback.runs),
    seed: faultSettings().seed,
    resources: count,
    commands: count * Number(commands ?? fallback.commandsOfEach),
    isLong,
  }
}
