import { NEGLECTED_AFTER_MS } from '../src/counters/freshness.ts'
import { totalHolds, type HashState } from '../src/counters/hash.ts'
import { needsRenewal } from '../src/counters/rebuild.ts'
import type { CheckedHead } from '../src/ledger/heads.ts'
import type { Position } from '../src/terms/position.ts'

/** What one tick read: first of the cache, then of Postgres. */
export interface TickRead {
  /** The cache's clock, read before all else. In ms. */
  readonly timeMs: number
  /** Undefined: incomplete. */
  readonly hash: HashState | undefined
  readonly heads: readonly CheckedHead[]
}

/** An `asof` may be ahead of the cache's clock by this. One that is further ahead would look fresh for that long. In ms. */
const CLOCK_SET_BACK_MS = 1_000

/** Why the hash has to be rebuilt, or undefined if it can stay. Pure. */
export function reasonToRebuild({ timeMs, hash, heads }: TickRead): string | undefined {
  if (!hash) return 'it is incomplete'
  if (hash.lanes.length !== heads.length) return 'lanes were added'
  const lost = heads.find(head => !head.holds)
  if (lost) return `the ledger does not have what lane ${lost.lane} has applied`
  if (!totalHolds(hash)) return 'its total is not the sum of what is applied'
  if (hash.lanes.some(({ asofMs }) => asofMs > timeMs + CLOCK_SET_BACK_MS)) return 'the clock of the cache was set back'
  if (needsRenewal(hash.minutesTo, timeMs)) return 'its minutes will soon not reach the present'
  return undefined
}

export interface LaneView {
  /** The lane's records come to this processor. */
  readonly mine: boolean
  readonly needsCatchUp: boolean
  /** The position of the last event accepted, in flight or not; what the cache has applied if there is none. */
  readonly end: Position
  /** The head at the tick before. */
  readonly previousHead: Position | undefined
  /** The cache's `asof` of the lane, and its clock. In ms. */
  readonly asofMs: number
  readonly timeMs: number
}

/** A lane that lags by more is rebuilt: one snapshot is less work than the rows. */
const REBUILD_BEYOND_ROWS = 100_000n

/**
 * What a tick does with a lane. Pure. Events get the time of one tick to arrive through Kafka: a lane is caught up only if it
 * lags behind the head of the tick before.
 */
export function decideLane(view: LaneView): 'leave' | 'asof' | 'catch-up' | 'rebuild' {
  const { mine, needsCatchUp, end, previousHead, asofMs, timeMs } = view
  if (!mine && !needsCatchUp && timeMs - asofMs <= NEGLECTED_AFTER_MS) return 'leave'
  const missing = previousHead ? previousHead.seq - end.seq : 0n
  if (missing > REBUILD_BEYOND_ROWS) return 'rebuild'
  return needsCatchUp || missing > 0n ? 'catch-up' : 'asof'
}
