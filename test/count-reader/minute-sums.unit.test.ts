import { describe, expect, test } from 'vitest'
import { MinuteSums } from '../../src/server/count-reader/minute-sums.ts'
import { seededRandom } from '../support/random.ts'

const sumsOf = (minutes: Readonly<Record<number, number>>, range = { from: -Infinity, to: 1_000 }) =>
  MinuteSums.of({ ...range, minutes: new Map(Object.entries(minutes).map(([minute, count]) => [Number(minute), count])) })

describe('sums of minutes', () => {
  test('include the first minute and exclude the last', () => {
    const sums = sumsOf({ [-3]: 5, 0: 7, 1: 11, 9: 13 })!
    expect([sums.sum(-10, 10), sums.sum(-3, 0), sums.sum(-2, 1), sums.sum(0, 2), sums.sum(2, 9), sums.sum(9, 9), sums.sum(9, 10)]).toEqual([
      36, 5, 7, 18, 0, 0, 13,
    ])
  })

  test('cover the minutes from the first complete one to the last', () => {
    const sums = sumsOf({}, { from: 5, to: 9 })!
    expect([sums.covers(5, 9), sums.covers(4, 9), sums.covers(5, 10), sums.covers(6, 6)]).toEqual([true, false, false, true])
    expect(sumsOf({})!.covers(-(2 ** 47), 1_000)).toBe(true)
  })

  test.each([[-1], [1.5], [2 ** 53], [NaN]])('do not exist if a count is %s', count => {
    expect(sumsOf({ 1: count })).toBeUndefined()
  })

  test('do not exist if all counts together are more than a number holds exactly', () => {
    expect(sumsOf({ 1: 2 ** 52, 2: 2 ** 52 - 1 })!.sum(1, 3)).toBe(2 ** 53 - 1)
    expect(sumsOf({ 1: 2 ** 52, 2: 2 ** 52 })).toBeUndefined()
  })

  test('are unchanged when pings are added to a copy, and the copy ignores minutes that are not covered', () => {
    const sums = sumsOf({ 5: 1 }, { from: 5, to: 8 })!
    const more = sums.plus([
      [4, 1],
      [5, 1],
      [6, 1],
      [6, 1],
      [8, 1],
    ])
    expect([sums.sum(5, 8), more.sum(5, 8), more.sum(6, 7)]).toEqual([1, 4, 2])
  })

  test('drop the oldest minutes, and no longer cover them', () => {
    const sums = sumsOf({ 1: 1, 3: 1, 5: 1 })!.plus([[7, 1]])
    expect(sums.newest(4)).toBe(sums)
    const newest = sums.newest(2)
    expect([newest.size, newest.from, newest.to, newest.covers(3, 9), newest.sum(4, 8)]).toEqual([2, 4, 1_000, false, 2])
    expect([sums.newest(0).size, sums.newest(0).from, sums.newest(0).sum(8, 9)]).toEqual([0, 8, 0])
  })

  test('equal a simple count, no matter what was added and dropped before', () => {
    const random = seededRandom(11)
    for (let history = 0; history < 20; history++) {
      const counts = new Map(
        Array.from({ length: random.between(0, 60) }, () => [random.between(-50, 50), random.between(1, 1_000)] as const),
      )
      let sums = MinuteSums.of({ from: -60, to: 55, minutes: counts })!
      for (let step = 0; step < 30; step++) {
        const more = Array.from({ length: random.between(0, 20) }, () => [random.between(-70, 60), random.between(1, 9)] as const)
        for (const [minute, count] of more) if (sums.covers(minute, minute + 1)) counts.set(minute, (counts.get(minute) ?? 0) + count)
        sums = sums.plus(more)
        if (step % 10 === 9) sums = sums.newest(random.between(40, 110))
        const first = random.between(Math.max(sums.from, -70), 55)
        const end = random.between(first, 55)
        const expected = [...counts].filter(([minute]) => minute >= first && minute < end).reduce((sum, [, count]) => sum + count, 0)
        expect(sums.sum(first, end)).toBe(expected)
      }
    }
  })
})
