import { atDepth } from '../support/depth.ts'

/** The settings of a fault run, as `npm run faults` hands them to the tests. The one place that reads them. */
export interface FaultSettings {
  /** How often each part is killed in one run. */
  readonly runs: number
  /** Determines the times and the order of the faults. */
  readonly seed: number
}

const RUNS = atDepth({ normally: 1, thoroughly: 3 })
const SEEDS = 1_000_000

export function faultSettings(): FaultSettings {
  const { PING_FAULT_RUNS: runs, PING_FAULT_SEED: seed } = process.env
  return { runs: Number(runs ?? RUNS), seed: Number(seed ?? Math.floor(Math.random() * SEEDS)) }
}

/** Whether a command such as `npm run faults` runs the tests: what takes long is only part of these. */
export const isFaultCommand = (): boolean => process.env['PING_FAULT_COMMAND'] !== undefined
