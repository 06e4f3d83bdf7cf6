import { describe, expect, test } from 'vitest'
import { LaneTally } from '../../src/relay/lane-tally.ts'
import { START, type Position } from '../../src/terms/position.ts'
import { seededRandom } from '../support/random.ts'

const at = (seq: number): Position => ({ seq: BigInt(seq), tag: BigInt(seq) })
const floorToMinute = (timeMs: bigint) => timeMs / 60_000n - (timeMs % 60_000n < 0n ? 1n : 0n)
const pings = (...timesMs: readonly (number | bigint)[]) => timesMs.map(time => ({ id: '', timestampMs: BigInt(time) }))

describe('the tally of a lane', () => {
  test('counts added pings by minute, from where the last counts ended', () => {
    const tally = new LaneTally(at(4))
    expect([tally.isEmpty, tally.from]).toEqual([true, at(4)])
    tally.add(pings(0, 59_999, 60_000), at(7))
    tally.add(pings(1, -1), at(9))
    expect(tally.take()).toEqual({
      from: at(4),
      to: at(9),
      minutes: new Map([
        [0, 3],
        [1, 1],
        [-1, 1],
      ]),
    })
    expect([tally.isEmpty, tally.from]).toEqual([true, at(9)])
    tally.add(pings(60_000), at(10))
    expect(tally.take()).toEqual({ from: at(9), to: at(10), minutes: new Map([[1, 1]]) })
  })

  test('finds the minute of every time that a row can have', () => {
    const random = seededRandom(1)
    const [first, last] = [-62_135_596_800_000, 253_402_300_799_999]
    const farthest = 9_224_318_015_999_999n // of timestamptz, by a row that was inserted by hand
    const times = [
      first,
      last,
      farthest,
      farthest - 59_999n,
      farthest - 60_000n,
      ...Array.from({ length: 5_000 }, () => random.between(first, last)),
      ...Array.from({ length: 2_000 }, () => random.between(first / 60_000, last / 60_000) * 60_000 + random.pick([-1, 0, 1])),
    ]
    for (const time of times) {
      const tally = new LaneTally(START)
      tally.add(pings(time), at(1))
      expect([...tally.take().minutes]).toEqual([[Number(floorToMinute(BigInt(time))), 1]])
    }
  })

  test('keeps at most 5 000 minutes: beyond them it starts again, and the rows before must be read', () => {
    const tally = new LaneTally(START)
    tally.add(pings(...Array.from({ length: 5_000 }, (_, n) => n * 60_000)), at(5_000))
    expect(tally.from).toEqual(START)
    tally.add(pings(-1), at(5_001))
    expect([tally.from, tally.isEmpty]).toEqual([at(5_001), true])
  })
})
