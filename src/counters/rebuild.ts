import { randomUUID } from 'node:crypto'
import type { CountsSnapshot } from '../terms/counts-snapshot.ts'
import { minuteOfClock } from '../terms/minute.ts'
import type { Cache } from './connect.ts'
import { readTimeMs } from './hash.ts'
import { appliedField, asofField, FROM_THE_FIRST, HASH, minuteField, MINUTES_FROM, MINUTES_TO, TOTAL } from './names.ts'
import { formatPosition } from './position.ts'

/** A claim of another processor expires after this time. */
const CLAIM_VOID_AFTER_MS = 5_000
/** While the snapshot is read, the claim is renewed, well before it expires. */
const CLAIM_RENEWED_EVERY_MS = 1_000
/** How far ahead of the clock the hash is complete. Hostile future times can neither grow it beyond that nor displace real minutes. */
const MINUTES_AHEAD = 2 * 24 * 60
/** A rebuild renews `minutes-to` when less than this is left. */
const MIN_MINUTES_AHEAD = 24 * 60

export interface RebuildWindow {
  readonly minutesTo: number
  readonly maxMinutes: number
}

/** `claimed`: another rebuild is running; `lost`: another one took over our claim before we were done. */
export type RebuildOutcome = 'rebuilt' | 'claimed' | 'lost'

/**
 * Replaces the whole hash with one computed from one Postgres snapshot. The hash is claimed first, so that no
 * flush is written into what is about to be replaced. The snapshot is read after the claim.
 */
export async function rebuild(
  cache: Cache,
  readCounts: (window: RebuildWindow) => Promise<CountsSnapshot>,
  maxMinutes: number,
): Promise<RebuildOutcome> {
  const token = randomUUID()
  const asofMs = await readTimeMs(cache)
  if ((await claim(cache, token, asofMs, 'claim')) === 'CLAIMED') return 'claimed'
  const renewal = setInterval(() => {
    readTimeMs(cache)
      .then(nowMs => claim(cache, token, nowMs, 'renew'))
      .catch(() => undefined) // then it expires, and `replace` finds it lost
  }, CLAIM_RENEWED_EVERY_MS)
  let counts: CountsSnapshot
  try {
    counts = await readCounts({ minutesTo: minuteOfClock(asofMs) + MINUTES_AHEAD, maxMinutes })
  } finally {
    clearInterval(renewal)
  }
  const outcome = await cache.pingReplace(HASH, token, ...fieldsOf(counts, asofMs))
  return outcome === 'OK' ? 'rebuilt' : 'lost'
}

/** True if the hash will soon no longer cover the present. */
export function needsRenewal(minutesTo: number, nowMs: number): boolean {
  return minutesTo - minuteOfClock(nowMs) < MIN_MINUTES_AHEAD
}

async function claim(cache: Cache, token: string, nowMs: number, mode: 'claim' | 'renew'): Promise<'OK' | 'CLAIMED'> {
  return cache.pingClaim(HASH, token, String(nowMs), String(CLAIM_VOID_AFTER_MS), mode)
}

/** All lanes are written, also empty ones: a missing field never means zero. */
function fieldsOf(counts: CountsSnapshot, asofMs: number): string[] {
  const fields = [TOTAL, String(counts.total), MINUTES_TO, String(counts.minutesTo)]
  fields.push(MINUTES_FROM, counts.minutesFrom === undefined ? FROM_THE_FIRST : String(counts.minutesFrom))
  for (const head of counts.heads) {
    fields.push(appliedField(head.lane), formatPosition(head), asofField(head.lane), String(asofMs))
  }
  for (const [minute, count] of counts.minutes) fields.push(minuteField(minute), String(count))
  return fields
}
