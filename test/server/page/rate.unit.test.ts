import { describe, expect, test } from 'vitest'
import { Rate } from '../../../src/server/page/rate.ts'

const after = (...samples: readonly (readonly [number, bigint])[]): Rate => {
  const rate = new Rate()
  for (const [atMs, total] of samples) rate.note(total, atMs)
  return rate
}

describe('the rate on the live page', () => {
  test('is not known from one total, nor from two within half a second', () => {
    expect(after().perSecond(0)).toBeUndefined()
    expect(after([0, 5n]).perSecond(10)).toBeUndefined()
    expect(after([0, 5n], [400, 9n]).perSecond(400)).toBeUndefined()
  })

  test('is of the last five seconds', () => {
    const rate = after(...Array.from({ length: 11 }, (_, second) => [second * 1_000, BigInt(second < 5 ? second * 100 : 500)] as const))
    expect(rate.perSecond(10_000)).toBe(0)
    expect(after([0, 0n], [1_000, 10n], [2_000, 25n]).perSecond(2_000)).toBe(12.5)
  })

  test('is exact for totals above 2^53', () => expect(after([0, 2n ** 62n], [3_000, 2n ** 62n + 1n]).perSecond(3_000)).toBe(0.3))

  test('of viewers that poll every six seconds is that of the time in between', () => {
    expect(after([0, 0n], [6_000, 60n], [12_000, 180n]).perSecond(12_000)).toBe(20)
  })

  test('begins again after a pause without looks, and when the total has fallen', () => {
    expect(after([0, 0n], [60_000, 6_000n]).perSecond(60_000)).toBeUndefined()
    expect(after([0, 100n], [1_000, 90n]).perSecond(1_000)).toBeUndefined()
    expect(after([0, 100n], [1_000, 90n], [2_000, 95n]).perSecond(2_000)).toBe(5)
  })

  test('ignores a total of an earlier time', () => {
    expect(after([0, 0n], [2_000, 20n], [1_000, 40n]).perSecond(2_000)).toBe(10)
  })

  test('is not known while Postgres does not answer', () => {
    const rate = after([0, 0n], [1_000, 10n])
    expect(rate.perSecond(5_900)).toBe(10)
    expect(rate.perSecond(6_000)).toBeUndefined()
  })
})
