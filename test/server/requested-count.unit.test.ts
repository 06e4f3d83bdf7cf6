import { create } from '@bufbuild/protobuf'
import { describe, expect, it } from 'vitest'
import { type Consistency, PingCountRequestSchema } from '../../src/gen/ping/v1/ping_pb.ts'
import { quoteLongIntegers, refuseUnknownConsistency } from '../../src/server/rpc/json-text.ts'
import { requestedCount } from '../../src/server/rpc/requested-count.ts'

const MIN = -(2n ** 63n)
const MAX = 2n ** 63n - 1n
const requested = (init: { timeRange?: { start?: bigint; end?: bigint }; consistency?: Consistency }) => requestedCount(create(PingCountRequestSchema, init))

describe('a requested count', () => {
  it('is of all pings, cached, when nothing is asked for', () => {
    expect(requested({})).toEqual({ range: undefined, strong: false })
  })

  it.each([
    [MIN, MAX],
    [0n, 0n],
    [-5n, 5n],
    [MAX, MAX],
  ])('may have the bounds %s and %s', (start, end) => {
    expect(requested({ timeRange: { start, end } }).range).toEqual({ startMs: start, endMs: end })
  })

  it('may not have a start after its end', () => {
    expect(() => requested({ timeRange: { start: 7n, end: 6n } })).toThrow('time_range.start: got 7, expected at most time_range.end, which is 6')
  })

  it.each([
    [0, false],
    [1, false],
    [2, true],
  ])('with consistency %s is strong: %s', (consistency, strong) => {
    expect(requested({ consistency: consistency as Consistency }).strong).toBe(strong)
  })

  it('may not have a consistency that is not known', () => {
    expect(() => requested({ consistency: 7 as Consistency })).toThrow(
      'consistency: got 7, expected one of CONSISTENCY_UNSPECIFIED, CONSISTENCY_CACHED, CONSISTENCY_STRONG',
    )
  })
})

describe('a whole number that JavaScript would round', () => {
  it.each([
    ['{"start":9223372036854775807}', '{"start":"9223372036854775807"}'],
    ['{"start": -9223372036854775808 }', '{"start": "-9223372036854775808" }'],
    ['[9007199254740993,1]', '["9007199254740993",1]'],
  ])('%s is quoted', (json, quoted) => {
    expect(quoteLongIntegers(json)).toBe(quoted)
  })

  it.each(['{"a":1.0000000000000000001}', '{"a":1e1000000000000000000}', '{"a":"9223372036854775807"}', '{"a":"\\"9223372036854775807"}', '{"a":0.9223372036854775807}', '{"a":00000000000000000001}', '"unclosed 9223372036854775807'])(
    '%s is left alone',
    json => {
      expect(quoteLongIntegers(json)).toBe(json)
    },
  )

  it('is looked for in linear time', () => {
    const evil = `"${'\\"'.repeat(500_000)}1234567890123456`
    const startedAt = performance.now()
    expect(quoteLongIntegers(evil)).toBe(evil)
    expect(performance.now() - startedAt).toBeLessThan(1_000)
  })
})

describe('a name of a consistency in JSON', () => {
  it.each(['{"consistency":"STRONG"}', '{"consistency":"consistency_strong"}', '{"consistency":""}'])('%s is refused', json => {
    expect(() => refuseUnknownConsistency(json)).toThrow(/^consistency: got ".*", expected one of CONSISTENCY_UNSPECIFIED, /)
  })

  it.each(['{"consistency":"CONSISTENCY_STRONG"}', '{"consistency":2}', '{"consistency":null}', '{"x":{"consistency":"no"}}', '{"consistency":', '[]', 'null'])(
    '%s is left to the decoder',
    json => {
      expect(() => refuseUnknownConsistency(json)).not.toThrow()
    },
  )
})
