import { create } from '@bufbuild/protobuf'
import { describe, expect, test } from 'vitest'
import { type Consistency, PingCountRequestSchema } from '../../src/gen/ping/v1/ping_pb.ts'
import { requestedCount } from '../../src/server/ping-service/requested-count.ts'

const MIN = -(2n ** 63n)
const MAX = 2n ** 63n - 1n
const requested = (init: { timeRange?: { start?: bigint; end?: bigint }; consistency?: Consistency }) =>
  requestedCount(create(PingCountRequestSchema, init))

describe('a requested count', () => {
  test('is of all pings and cached by default', () => {
    expect(requested({})).toEqual({ range: undefined, strong: false })
  })

  test.each([
    [MIN, MAX],
    [0n, 0n],
    [-5n, 5n],
    [MAX, MAX],
  ])('may have the bounds %s and %s', (start, end) => {
    expect(requested({ timeRange: { start, end } }).range).toEqual({ startMs: start, endMs: end })
  })

  test('may not have a start after its end', () => {
    expect(() => requested({ timeRange: { start: 7n, end: 6n } })).toThrow(
      'time_range.start: got 7, expected at most time_range.end, which is 6',
    )
  })

  test.each([
    [0, false],
    [1, false],
    [2, true],
  ])('with consistency %s is strong: %s', (consistency, strong) => {
    expect(requested({ consistency: consistency as Consistency }).strong).toBe(strong)
  })

  test('may not have an unknown consistency', () => {
    expect(() => requested({ consistency: 7 as Consistency })).toThrow(
      'consistency: got 7, expected one of CONSISTENCY_UNSPECIFIED, CONSISTENCY_CACHED, CONSISTENCY_STRONG',
    )
  })
})
