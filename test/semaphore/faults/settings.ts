import { faultSettings, type FaultSettings } from '../../faults/settings.ts'
import { parseDepth } from '../../support/depth.ts'

/** The variables by which `npm run faults:semaphore` hands its options to the tests. */
export const RESOURCES = 'SEMAPHORE_FAULT_RESOURCES'
export const COMMANDS = 'SEMAPHORE_FAULT_COMMANDS'

export interface SemaphoreFaultSettings extends FaultSettings {
  readonly resources: number
  /** Of all resources together, at least. */
  readonly commands: number
}

/** In a run of all tests; `npm run faults:semaphore` sets its own. */
const DEFAULTS = { normal: { runs: 1, resources: 100, commandsOfEach: 10 }, thorough: { runs: 1, resources: 200, commandsOfEach: 25 } }

/** The settings of a fault run. The one place that reads them. */
export function semaphoreFaultSettings(): SemaphoreFaultSettings {
  const { PING_FAULT_RUNS: runs, [RESOURCES]: resources, [COMMANDS]: commands } = process.env
  const fallback = DEFAULTS[parseDepth(process.env)]
  const count = Number(resources ?? fallback.resources)
  return {
    runs: Number(runs ?? fallback.runs),
    seed: faultSettings().seed,
    resources: count,
    commands: count * Number(commands ?? fallback.commandsOfEach),
  }
}
