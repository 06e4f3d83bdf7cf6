import type { Cache } from '../src/counters/connect.ts'
import { compareAndSet, type FlushOutcome } from '../src/counters/flush.ts'
import { readApplied } from '../src/counters/hash.ts'
import type { Pool } from '../src/ledger/pool.ts'
import { rowsAfter } from '../src/ledger/rows-after.ts'
import { minuteOf } from '../src/terms/minute.ts'
import type { LedgerRow } from '../src/terms/ping.ts'
import { samePosition, type Position } from '../src/terms/position.ts'
import { countWithin, type Entry } from './entry.ts'
import type { LaneBuffer } from './lane-buffer.ts'

export interface CatchUpOptions {
  readonly cache: Cache
  readonly pool: Pool
  readonly maxMinutes: number
  /** The number of lanes. */
  readonly lanes: number
}

const ROWS_PER_READ = 5_000
/** Another processor may move the lane between read and write. After this many tries the next catch-up goes on. */
const MAX_TRIES = 20

/** Why a catch-up did not reach the head. */
type Failure =
  /** The cache is incomplete, or of another history: the next tick finds out. */
  | { readonly kind: 'lost' }
  /** A field of the cache that ticks do not read is malformed. */
  | { readonly kind: 'malformed'; readonly field: string }
  /** Another processor moved the lane at every try. */
  | { readonly kind: 'later' }

/** How a catch-up ended. */
export type CatchUpOutcome = { readonly kind: 'reached'; readonly position: Position; readonly rows: number } | Failure

/** What became of the rows of one read. */
interface Portion {
  readonly kind: 'applied'
  readonly to: Position
  readonly rows: number
  /** True if they reach the head. */
  readonly isLast: boolean
}

/** Brings one lane of the cache from `applied` to the head, from Postgres. Rejects if either is unreachable. */
export async function catchUp(lane: LaneBuffer, options: CatchUpOptions): Promise<CatchUpOutcome> {
  let rows = 0
  for (;;) {
    const portion = await applyPortion(lane, options)
    if (portion.kind !== 'applied') return portion
    rows += portion.rows
    if (portion.isLast) return { kind: 'reached', position: portion.to, rows }
  }
}

async function applyPortion(lane: LaneBuffer, options: CatchUpOptions): Promise<Portion | Failure> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const portion = await tryPortion(lane, options)
    if (portion.kind !== 'moved') return portion
  }
  return { kind: 'later' }
}

/** `moved`: another processor moved the lane between the read and the write. */
async function tryPortion(lane: LaneBuffer, options: CatchUpOptions): Promise<Portion | Failure | { readonly kind: 'moved' }> {
  const applied = await readApplied(options.cache, lane.lane)
  if (!applied) return { kind: 'lost' }
  // The rows and the check of the start are one statement.
  const rows = (await rowsAfter(options.pool, new Map([[lane.lane, applied]]), ROWS_PER_READ)).get(lane.lane)
  if (!rows) return { kind: 'lost' }
  const outcome = await applyRows(lane, applied, rows, options)
  switch (outcome.kind) {
    case 'applied':
      return { ...outcome, rows: rows.length, isLast: rows.length < ROWS_PER_READ }
    case 'incomplete':
      return { kind: 'lost' }
    case 'malformed':
      return { kind: 'malformed', field: outcome.field }
    case 'moved':
      return { kind: 'moved' }
  }
}

async function applyRows(
  lane: LaneBuffer,
  applied: Position,
  rows: readonly LedgerRow[],
  { cache, lanes, maxMinutes }: CatchUpOptions,
): Promise<Pick<Portion, 'kind' | 'to'> | Exclude<FlushOutcome, { kind: 'applied' }>> {
  let to = applied
  let rest: readonly Entry[] = rows.map(({ seq, tag, timestampMs }) => ({ seq, tag, minute: minuteOf(timestampMs) }))
  do {
    const entries = rest.slice(0, countWithin(rest))
    rest = rest.slice(entries.length)
    const flush = lane.planFlush(to, entries)
    if (samePosition(flush.start, flush.end) && flush.asofMs === undefined) break // nothing to write
    const outcome = await compareAndSet(cache, flush, { lanes, maxMinutes })
    if (outcome.kind !== 'applied') return outcome
    lane.forgetMarks(flush)
    to = flush.end
  } while (rest.length > 0)
  return { kind: 'applied', to }
}
