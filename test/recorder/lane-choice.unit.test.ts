import { describe, expect, test } from 'vitest'
import { LaneChoice } from '../../src/server/recorder/lane-choice.ts'

describe('the choice of a lane', () => {
  test('offers every lane, the preferred ones first', () => {
    const choice = new LaneChoice(() => [2, 5])
    const lanes = choice.take(8)
    expect(lanes.toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    expect(lanes.slice(0, 2).toSorted()).toEqual([2, 5])
  })

  test('takes the lanes in turn', () => {
    const choice = new LaneChoice(() => [])
    const firsts = Array.from({ length: 6 }, () => {
      const first = choice.take(3)[0]!
      choice.free(first)
      return first
    })
    expect(new Set(firsts.slice(0, 3)).size).toBe(3)
    expect(firsts.slice(3)).toEqual(firsts.slice(0, 3))
  })

  test('gives two batches different lanes, even if only one lane is preferred', () => {
    const choice = new LaneChoice(() => [1])
    for (let n = 0; n < 20; n++) {
      const [first, second] = [choice.take(3)[0]!, choice.take(3)[0]!]
      expect(first).toBe(1)
      expect(second).not.toBe(1)
      choice.free(first)
      choice.free(second)
    }
  })

  test('still offers a lane when all are taken, or when the preferred one does not exist', () => {
    const choice = new LaneChoice(() => [7])
    expect([choice.take(1), choice.take(1)]).toEqual([[0], [0]])
  })
})
