import { describe, expect, test } from 'vitest'
import type { HashState } from '../../src/counters/hash.ts'
import { advanceKept, type KeptMinutes } from '../../src/server/count-reader/kept-minutes.ts'
import { MinuteSums } from '../../src/server/count-reader/minute-sums.ts'
import { seededRandom } from '../support/random.ts'

const lane = (seq: bigint, tag = 1n) => ({ applied: { seq, tag }, asofMs: 0 })
const state = (total: bigint, changes: Partial<HashState> = {}): HashState => ({
  total,
  minutesFrom: 0,
  minutesTo: 100,
  lanes: [lane(total)],
  ...changes,
})
const sumsOf = (minutes: Readonly<Record<number, number>>) =>
  MinuteSums.of({ from: 0, to: 100, minutes: new Map(Object.entries(minutes).map(([minute, count]) => [Number(minute), count])) })!
/** Ten pings: 4 in minute 1, 5 in minute 50, and one that only the total has. */
const KEPT: KeptMinutes = { state: state(10n), sums: sumsOf({ 1: 4, 50: 5 }) }
const READ = [50, 51]

const advance = (later: HashState, counts: readonly bigint[], kept = KEPT) => advanceKept(kept, { state: later, counts }, READ)
const sum = (kept: KeptMinutes | undefined, first = 0, end = 100) => kept?.sums.sum(first, end)

describe('kept minutes', () => {
  test('stay the same while nothing is applied', () => {
    const later = state(10n, { lanes: [{ ...lane(10n), asofMs: 77 }] })
    expect(advance(later, [5n, 0n])).toEqual({ state: later, sums: KEPT.sums })
  })

  test('grow as much as the minutes that were read, if the total grew by the same number', () => {
    const later = advance(state(14n), [7n, 2n])
    expect([sum(later), sum(later, 50, 51), sum(later, 51, 52), sum(later, 0, 50)]).toEqual([13, 7, 2, 4])
    expect(later?.state.total).toBe(14n)
    expect(sum(KEPT)).toBe(9)
  })

  test.each<[string, HashState, readonly bigint[]]>([
    ['the total grew by more: another minute changed, or a ping has a time that the cache does not keep', state(13n), [7n, 0n]],
    ['the total grew by less', state(11n), [7n, 0n]],
    ['a minute decreased', state(10n), [4n, 1n]],
    ['a minute is negative', state(10n), [5n, -1n]],
    ['a minute is far too large', state(10n), [9_999_999_999_999_999n, 0n]],
    ['the total is greater than a number can hold', state(2n ** 53n + 10n), [2n ** 53n + 5n, 0n]],
    ['old minutes were dropped', state(10n, { minutesFrom: 1 }), [5n, 0n]],
    ['the hash was rebuilt for later minutes', state(10n, { minutesTo: 101 }), [5n, 0n]],
    ['a lane went backwards', state(10n, { lanes: [lane(9n)] }), [5n, 0n]],
    ['a lane has another tag at the same number', state(10n, { lanes: [lane(10n, 2n)] }), [5n, 0n]],
    ['lanes were added', state(10n, { lanes: [lane(10n), lane(0n, 0n)] }), [5n, 0n]],
  ])('are unknown when %s', (_, later, counts) => {
    expect(advance(later, counts)).toBeUndefined()
  })

  test('ignore a minute that was read but is not complete in the cache', () => {
    const kept = { state: state(10n, { minutesTo: 51 }), sums: MinuteSums.of({ from: 0, to: 51, minutes: new Map([[50, 5]]) })! }
    expect(sum(advance(state(11n, { minutesTo: 51 }), [6n, 400n], kept), 0, 51)).toBe(6)
  })

  test('are never wrong, no matter what is flushed, and stay known while only the read minutes are written', () => {
    const random = seededRandom(3)
    let proven = 0
    for (let history = 0; history < 50; history++) {
      const counts = new Map([[50, 5]])
      let kept: KeptMinutes = { state: state(5n), sums: sumsOf({ 50: 5 }) }
      for (let flush = 0; flush < 20; flush++) {
        let total = kept.state.total
        for (let pings = random.between(0, 4); pings > 0; pings--) {
          const minute = random.pick([50, 50, 51, 51, 51, history % 2 === 0 ? 51 : random.between(-5, 105)])
          if (minute >= 0 && minute < 100) counts.set(minute, (counts.get(minute) ?? 0) + 1)
          total++
        }
        const advanced = advance(
          state(total),
          READ.map(minute => BigInt(counts.get(minute) ?? 0)),
          kept,
        )
        if (history % 2 === 0) expect(advanced).toBeDefined()
        if (advanced) proven++
        kept = advanced ?? { state: state(total), sums: MinuteSums.of({ from: 0, to: 100, minutes: counts })! }
        const wrong = Array.from({ length: 100 }, (_, minute) => minute).filter(
          minute => kept.sums.sum(minute, minute + 1) !== (counts.get(minute) ?? 0),
        )
        expect(wrong).toEqual([])
      }
    }
    expect(proven).toBeGreaterThan(500)
  })
})
