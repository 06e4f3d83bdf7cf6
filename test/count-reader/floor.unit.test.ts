import { beforeEach, describe, expect, test } from 'vitest'
import { Floor } from '../../src/server/count-reader/floor.ts'

let floor: Floor
beforeEach(() => {
  floor = new Floor()
  floor.prove({ total: 7n, beganMs: 0 })
})

describe('the floor', () => {
  test('answers the larger of the last answer and the read total', () => {
    expect([5n, 3n, 7n, 6n].map((total, ms) => floor.answer(total, ms))).toEqual([5n, 5n, 7n, 7n])
  })

  test('is doubtful only when a lower total was read and no read has reached the floor for 3 s', () => {
    floor.answer(5n, 0)
    floor.answer(5n, 1_000)
    expect(floor.isDoubtful(9_000)).toBe(false)
    floor.answer(4n, 1_500)
    expect(floor.isDoubtful(3_999)).toBe(false)
    expect(floor.isDoubtful(4_000)).toBe(true)
    floor.answer(5n, 4_001) // the cache has caught up
    expect(floor.isDoubtful(9_000)).toBe(false)
    floor.answer(6n, 10_000)
    floor.answer(4n, 10_001)
    expect(floor.isDoubtful(12_999)).toBe(false)
  })

  test('is lowered by the first look-up, if it was set long before', () => {
    floor.answer(5n, 0)
    expect(floor.settle({ total: 4n, beganMs: 3_600_000 }, 3_600_001)).toBe('lost')
    expect(floor.answer(4n, 3_600_001)).toBe(4n)
  })

  test('is lowered, when doubtful, by a look-up that began after it was set', () => {
    floor.answer(5n, 1_000)
    floor.answer(4n, 1_500)
    expect(floor.settle({ total: 4n, beganMs: 1_000 }, 9_000)).toBe('kept') // began no later
    expect(floor.answer(4n, 9_000)).toBe(5n)
    expect(floor.settle({ total: 4n, beganMs: 1_001 }, 9_000)).toBe('lost')
    expect(floor.answer(4n, 9_001)).toBe(4n)
    expect(floor.answer(3n, 9_002)).toBe(4n)
  })

  test('is not lowered while it is not doubtful', () => {
    floor.answer(5n, 0)
    floor.answer(4n, 100)
    expect(floor.settle({ total: 4n, beganMs: 200 }, 300)).toBe('kept')
    expect(floor.answer(4n, 400)).toBe(5n)
  })

  test('is kept if Postgres confirms it', () => {
    floor.answer(5n, 0)
    floor.answer(4n, 100)
    expect(floor.settle({ total: 5n, beganMs: 5_000 }, 5_001)).toBe('kept')
    expect(floor.answer(4n, 5_002)).toBe(5n)
  })

  test('that Postgres never had is doubtful at once, and lowered by the first look-up that began after it was set', () => {
    floor.answer(6n, 0)
    floor.answer(508n, 1_000)
    expect(floor.isProven(508n)).toBe(false)
    expect(floor.isDoubtful(1_001)).toBe(false) // no lower total was read
    expect(floor.answer(7n, 1_002)).toBe(508n)
    expect(floor.isDoubtful(1_002)).toBe(true)
    expect(floor.settle({ total: 7n, beganMs: 1_000 }, 1_003)).toBe('kept') // began no later
    expect(floor.settle({ total: 7n, beganMs: 1_001 }, 1_003)).toBe('unproven')
    expect(floor.answer(7n, 1_004)).toBe(7n)
  })

  test('that Postgres never had is lowered to the highest total that Postgres had', () => {
    floor.answer(7n, 0)
    floor.answer(508n, 1_000)
    expect(floor.settle({ total: 6n, beganMs: 1_001 }, 1_002)).toBe('unproven')
    expect(floor.answer(6n, 1_003)).toBe(7n)
  })

  test('does not regard a total as proven after a failover lost it', () => {
    floor.answer(7n, 0)
    expect(floor.settle({ total: 5n, beganMs: 9_000 }, 9_001)).toBe('lost')
    expect(floor.isProven(6n)).toBe(false)
  })
})
