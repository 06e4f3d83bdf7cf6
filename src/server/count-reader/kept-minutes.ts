import type { HashAndMinutes, HashState } from '../../counters/hash.ts'
import type { MinuteSums } from './minute-sums.ts'

/** All minutes of the cache at one state of it. */
export interface KeptMinutes {
  readonly state: HashState
  readonly sums: MinuteSums
}

/**
 * Advances the kept minutes to a later state of the hash, using the counts of a few minutes. Undefined if other minutes may have
 * changed. A flush adds as much to the total as to the minutes. So if these minutes grew by as much as the total, no other
 * minute did. This holds within one history: it may miss what a failover moved from one minute to another, and what another
 * client wrote. Therefore a kept state is not used for long.
 */
export function advanceKept(
  { state: before, sums }: KeptMinutes,
  { state, counts }: HashAndMinutes,
  minutes: readonly number[],
): KeptMinutes | undefined {
  if (!follows(before, state)) return undefined
  const grown: [minute: number, pings: number][] = []
  let unexplained = state.total - before.total
  for (const [index, minute] of minutes.entries()) {
    if (!sums.covers(minute, minute + 1)) continue
    const pings = counts[index]! - BigInt(sums.sum(minute, minute + 1))
    if (pings < 0n) return undefined
    if (pings > 0n) grown.push([minute, Number(pings)])
    unexplained -= pings
  }
  if (unexplained !== 0n) return undefined
  return { state, sums: grown.length === 0 ? sums : sums.plus(grown) }
}

/** False if the hash was rebuilt for other minutes, or visibly has another history. */
function follows(before: HashState, state: HashState): boolean {
  return (
    state.minutesFrom === before.minutesFrom &&
    state.minutesTo === before.minutesTo &&
    state.lanes.length === before.lanes.length &&
    state.total <= BigInt(Number.MAX_SAFE_INTEGER) &&
    state.lanes.every(({ applied }, lane) => {
      const { seq, tag } = before.lanes[lane]!.applied
      return applied.seq > seq || (applied.seq === seq && applied.tag === tag)
    })
  )
}
