import type { Cache } from '../src/counters/connect.ts'
import { compareAndSet, type FlushOutcome } from '../src/counters/flush.ts'
import { readApplied } from '../src/counters/hash.ts'
import type { Pool } from '../src/ledger/pool.ts'
import { rowsAfter } from '../src/ledger/rows.ts'
import { minuteOf } from '../src/terms/minute.ts'
import type { LedgerRow } from '../src/terms/ping.ts'
import type { Position } from '../src/terms/position.ts'
import { countWithin, type Entry, type LaneBuffer } from './lane-buffer.ts'

export interface CatchUpOptions {
  readonly cache: Cache
  readonly pool: Pool
  readonly maxMinutes: number
  /** The number of lanes. */
  readonly lanes: number
}

const ROWS_PER_READ = 5_000
/** Another may move the lane meanwhile; after so many times the next catch-up tries again. */
const MAX_TRIES = 20

/** How a catch-up ended. `rebuild`: the cache is not whole, or not of this history, which the next tick sees; or a field of it is ill-formed. */
export type CatchUpOutcome =
  | { readonly kind: 'reached'; readonly position: Position; readonly rows: number }
  | { readonly kind: 'rebuild'; readonly malformed?: string }
  | { readonly kind: 'later' }

/** Brings one lane of the cache from `applied` to the head, from Postgres. Rejects if either is away. */
export async function catchUp(lane: LaneBuffer, options: CatchUpOptions): Promise<CatchUpOutcome> {
  let rowsApplied = 0
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const applied = await readApplied(options.cache, lane.lane)
    if (!applied) return { kind: 'rebuild' }
    // The rows and the check of the start are one statement.
    const rows = (await rowsAfter(options.pool, new Map([[lane.lane, applied]]), ROWS_PER_READ)).get(lane.lane)
    if (!rows) return { kind: 'rebuild' }
    const reached = await apply(lane, applied, rows, options)
    if (!('seq' in reached)) {
      if (reached.kind === 'moved') continue
      return reached.kind === 'malformed' ? { kind: 'rebuild', malformed: reached.field } : { kind: 'rebuild' }
    }
    rowsApplied += rows.length
    if (rows.length < ROWS_PER_READ) return { kind: 'reached', position: reached, rows: rowsApplied }
    tries = 0
  }
  return { kind: 'later' }
}

async function apply(
  lane: LaneBuffer,
  applied: Position,
  rows: readonly LedgerRow[],
  { cache, lanes, maxMinutes }: CatchUpOptions,
): Promise<Position | Exclude<FlushOutcome, { kind: 'applied' }>> {
  let start = applied
  let rest: readonly Entry[] = rows.map(({ seq, tag, timestampMs }) => ({ seq, tag, minute: minuteOf(timestampMs) }))
  do {
    const entries = rest.slice(0, countWithin(rest))
    rest = rest.slice(entries.length)
    const flush = lane.planFlush(start, entries)
    if (flush.start === flush.end && flush.asofMs === undefined) return start
    const outcome = await compareAndSet(cache, flush, { lanes, maxMinutes })
    if (outcome.kind !== 'applied') return outcome
    lane.forgetMarks(flush)
    start = flush.end
  } while (rest.length > 0)
  return start
}
