import { type HashLook, type HashState } from '../../counters/hash.ts'
import type { LaneProgress } from '../../ledger/heads.ts'
import type { Lane } from './page-state.ts'

/** The lanes of the cache, as a look found them. */
export interface CachedLanes {
  readonly look: HashLook<{ readonly state: HashState }>
  /** How long ago the look began, in ms. */
  readonly sinceMs: number
}

/** How far each lane is. `cached` is undefined if the cache is unreachable or incomplete. */
export function lanesOf(ledger: readonly LaneProgress[], cached: CachedLanes | undefined): readonly Lane[] {
  return ledger.map(({ lane, seq: head, published }) => {
    const state = cached?.look.hash?.state.lanes[lane]
    if (cached === undefined || state === undefined) return { lane, head, published, applied: undefined, ageMs: undefined }
    const { seq } = state.applied
    const asofMs = cached.look.timeMs - state.asofMs
    return {
      lane,
      head,
      published,
      applied: seq > head ? head : seq, // the cache is read after Postgres, so it may know more
      ageMs: asofMs < 0 ? undefined : Math.ceil(asofMs + cached.sinceMs),
    }
  })
}
