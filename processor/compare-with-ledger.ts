import type { Cache } from '../src/counters/connect.ts'
import { readWholeHash, type HashState } from '../src/counters/hash.ts'
import { checkHeads } from '../src/ledger/heads.ts'
import type { Pool } from '../src/ledger/pool.ts'
import { inSnapshot, readMinutesAt } from '../src/ledger/snapshot.ts'
import type { Position } from '../src/terms/position.ts'

/** Earlier than the first minute of any timestamp in Postgres. */
const FIRST_MINUTE = -(2n ** 40n)

/**
 * Compares the whole hash, read at once, with one Postgres snapshot at the hash's own positions. Returns
 * the first difference as a sentence, or undefined if there is none. An incomplete hash is left to the ticks.
 */
export async function compareWithLedger(cache: Cache, pool: Pool, lanes: number): Promise<string | undefined> {
  const whole = await readWholeHash(cache, lanes)
  if (!whole) return undefined
  const { state, minutes, foreign } = whole
  if (foreign[0] !== undefined) return `field ${JSON.stringify(foreign[0])}: got it, expected only fields that Ping writes`
  const applied = new Map<number, Position>(state.lanes.map((lane, index) => [index, lane.applied]))
  const sum = state.lanes.reduce((total, lane) => total + lane.applied.seq, 0n)
  if (sum !== state.total) return `total: got ${state.total}, expected ${sum}, the sum of what is applied`
  const ledger = await inSnapshot(pool, async db => {
    const heads = await checkHeads(db, applied)
    return heads.length === lanes && heads.every(head => head.holds) ? readMinutes(db, applied, state) : undefined
  })
  return ledger && firstDifference(minutes, ledger)
}

function readMinutes(
  db: Parameters<typeof readMinutesAt>[0],
  applied: ReadonlyMap<number, Position>,
  { minutesFrom, minutesTo }: HashState,
) {
  return readMinutesAt(db, applied, minutesFrom === -Infinity ? FIRST_MINUTE : BigInt(minutesFrom), BigInt(minutesTo))
}

function firstDifference(cache: ReadonlyMap<number, bigint>, ledger: ReadonlyMap<number, bigint>): string | undefined {
  for (const minute of new Set([...ledger.keys(), ...cache.keys()])) {
    const [got, expected] = [cache.get(minute) ?? 0n, ledger.get(minute) ?? 0n]
    if (got !== expected) return `minute ${minute}: got ${got}, expected ${expected}`
  }
  return undefined
}
