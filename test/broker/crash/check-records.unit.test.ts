import { describe, expect, test } from 'vitest'
import { checkNumbers } from './check-records.ts'

describe("the check of a producer's records", () => {
  test('accepts each record once and in order', () => {
    expect(checkNumbers([0, 1, 2], 3, 'exactly once')).toEqual([])
    expect(checkNumbers([], 0, 'at least once')).toEqual([])
  })

  test('accepts repetitions only if they are allowed', () => {
    expect(checkNumbers([0, 1, 2, 1, 2, 3], 4, 'at least once')).toEqual([])
    expect(checkNumbers([0, 1, 2, 1, 2, 3], 4, 'exactly once')).toEqual(['got record 1 again, after 2', 'got record 2 again, after 2'])
  })

  test.each(['exactly once', 'at least once'] as const)('names records that are missing, out of order or repeated (%s)', guarantee => {
    expect(checkNumbers([0, 2], 3, guarantee)).toEqual(['got record 2, expected 1'])
    expect(checkNumbers([0, 2, 1], 3, guarantee)).toContain('got record 2, expected 1')
    expect(checkNumbers([0, 1], 3, guarantee)).toEqual(['got 2 records, expected 3'])
    expect(checkNumbers([0, 1, 2, 3], 3, guarantee)).toEqual(['got 4 records, expected 3'])
  })
})
