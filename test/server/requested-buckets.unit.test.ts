import { create } from '@bufbuild/protobuf'
import { describe, expect, test } from 'vitest'
import { BucketUnit, Consistency, ListBucketsRequestSchema } from '../../src/gen/ping/v1/ping_pb.ts'
import { requestedBuckets } from '../../src/server/ping-service/requested-buckets.ts'

interface Init {
  readonly timeRange?: { readonly start: bigint; readonly end: bigint }
  readonly unit?: BucketUnit
  readonly timeZone?: string
  readonly consistency?: Consistency
}

const requested = (init: Init) =>
  requestedBuckets(create(ListBucketsRequestSchema, { timeRange: { start: 0n, end: 5n }, unit: BucketUnit.DAY, ...init }))

describe('requested buckets', () => {
  test('are cached, and by the calendar of UTC, by default', () => {
    expect(requested({})).toEqual({ range: { startMs: 0n, endMs: 5n }, unit: 'day', timeZone: 'UTC', strong: false })
  })

  test('have the time zone and the consistency that were requested', () => {
    const asked = { timeZone: 'Asia/Tokyo', consistency: Consistency.STRONG }
    expect(requested(asked)).toMatchObject({ timeZone: 'Asia/Tokyo', strong: true })
  })

  test.each([
    [BucketUnit.MINUTE, 'minute'],
    [BucketUnit.HOUR, 'hour'],
    [BucketUnit.DAY, 'day'],
    [BucketUnit.WEEK, 'week'],
    [BucketUnit.MONTH, 'month'],
  ])('of unit %s are of one %s each', (unit, name) => {
    expect(requested({ unit }).unit).toBe(name)
  })

  test.each([0, 6])('may not have the unit %s', unit => {
    expect(() => requested({ unit: unit as BucketUnit })).toThrow(
      `unit: got ${unit}, expected one of BUCKET_UNIT_MINUTE, BUCKET_UNIT_HOUR, BUCKET_UNIT_DAY, BUCKET_UNIT_WEEK, BUCKET_UNIT_MONTH`,
    )
  })

  test('need a range that does not end before it starts', () => {
    expect(() => requestedBuckets(create(ListBucketsRequestSchema, { unit: BucketUnit.DAY }))).toThrow(
      'time_range: got none, expected a start and an end',
    )
    expect(() => requested({ timeRange: { start: 7n, end: 6n } })).toThrow(
      'time_range.start: got 7, expected at most time_range.end, which is 6',
    )
  })
})
