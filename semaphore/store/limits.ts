import type { Limits } from '../terms/step.ts'
import type { LimitDefaults } from './step-columns.ts'

/** The limits of a resource as they are stored; null: the default. */
export interface StoredLimits {
  readonly running: number | null
  readonly waiting: number | null
  readonly leaseMs: number | null
  readonly ageingMs: number | null
  readonly rateCount: number | null
  readonly rateWindowMs: number | null
}

/** The limits that hold. */
export function effectiveLimits(stored: StoredLimits, defaults: LimitDefaults): Limits {
  const { rateCount, rateWindowMs } = stored
  return {
    running: stored.running ?? defaults.running,
    waiting: stored.waiting ?? defaults.waiting,
    leaseMs: stored.leaseMs ?? defaults.leaseMs,
    ageingMs: stored.ageingMs ?? defaults.ageingMs,
    rate: rateCount === null || rateWindowMs === null ? undefined : { count: rateCount, windowMs: rateWindowMs },
  }
}
