import type { ResourceView } from '../terms/reads.ts'
import { effectiveLimits } from './limits.ts'
import type { LimitDefaults } from './step-columns.ts'

/** The columns of a resource, from `resources r`. The slots are counted: there are at most as many as its limit. */
export const RESOURCE_COLUMNS = `r.resource, r.running_limit, r.waiting_limit, r.lease_ms, r.ageing_ms, r.rate_count, r.rate_window_ms,
  r.places, r.grants, r.places - r.grants - r.drops as waiting, (select count(*) from slots s where s.resource = r.resource and s.token >= r.first_token) as running`

export interface ResourceRow {
  readonly resource: string
  readonly running_limit: number | null
  readonly waiting_limit: number | null
  readonly lease_ms: bigint | null
  readonly ageing_ms: bigint | null
  readonly rate_count: number | null
  readonly rate_window_ms: bigint | null
  readonly places: bigint
  readonly grants: bigint
  readonly waiting: bigint
  readonly running: bigint
}

export function toResource(row: ResourceRow, defaults: LimitDefaults): ResourceView {
  const stored = {
    running: row.running_limit,
    waiting: row.waiting_limit,
    leaseMs: toNumber(row.lease_ms),
    ageingMs: toNumber(row.ageing_ms),
    rateCount: row.rate_count,
    rateWindowMs: toNumber(row.rate_window_ms),
  }
  return {
    resource: row.resource,
    limits: effectiveLimits(stored, defaults),
    running: Number(row.running),
    waiting: Number(row.waiting),
    lastPlace: row.places,
    lastToken: row.grants,
  }
}

/** Limits are checked before they are stored: they are exact as numbers. */
function toNumber(value: bigint | null): number | null {
  return value === null ? null : Number(value)
}
