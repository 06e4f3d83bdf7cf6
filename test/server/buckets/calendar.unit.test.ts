import { describe, expect, test } from 'vitest'
import { bucketStarts, MAX_BUCKETS, type BucketUnit } from '../../../src/server/buckets/calendar.ts'

const [INT64_MIN, INT64_MAX] = [-(2n ** 63n), 2n ** 63n - 1n]
const HOUR_MS = 3_600_000

/** The starts of buckets between two times, each as the local time of the zone. */
function starts(from: string, to: string, unit: BucketUnit, timeZone: string): readonly string[] {
  const range = { startMs: BigInt(Date.parse(from)), endMs: BigInt(Date.parse(to)) }
  return bucketStarts(range, unit, timeZone).map(start =>
    Temporal.Instant.fromEpochMilliseconds(start).toZonedDateTimeISO(timeZone).toString({ timeZoneName: 'never' }),
  )
}

/** Lengths in hours of the days from one time to another, the last one without its end. */
function hours(from: string, to: string, timeZone: string): readonly number[] {
  const range = { startMs: BigInt(Date.parse(from)), endMs: BigInt(Date.parse(to)) }
  const days = bucketStarts(range, 'day', timeZone)
  return days.slice(1).map((start, index) => (start - days[index]!) / HOUR_MS)
}

describe('a calendar', () => {
  test.each<[BucketUnit, string, string, readonly string[]]>([
    ['minute', '2026-11-28T20:59:59.999Z', '2026-11-28T21:01:00Z', ['2026-11-28T20:59:00+00:00', '2026-11-28T21:00:00+00:00']],
    ['hour', '2026-11-28T20:59:00Z', '2026-11-28T21:00:00.001Z', ['2026-11-28T20:00:00+00:00', '2026-11-28T21:00:00+00:00']],
    ['day', '2026-02-28T05:00:00Z', '2026-03-01T05:00:00Z', ['2026-02-28T00:00:00+00:00', '2026-03-01T00:00:00+00:00']],
    ['week', '2026-11-29T05:00:00Z', '2026-11-30T05:00:00Z', ['2026-11-23T00:00:00+00:00', '2026-11-30T00:00:00+00:00']],
    ['month', '2026-11-29T05:00:00Z', '2027-01-01T00:00:00Z', ['2026-11-01T00:00:00+00:00', '2026-12-01T00:00:00+00:00']],
  ])('begins each %s where it begins, and ends before the end of the range', (unit, from, to, expected) => {
    expect(starts(from, to, unit, 'UTC')).toEqual(expected)
  })

  test('has minutes, days, weeks and months before 1970, too', () => {
    const ofUnit = (unit: BucketUnit) => bucketStarts({ startMs: -1n, endMs: 1n }, unit, 'UTC')
    expect(ofUnit('minute')).toEqual([-60_000, 0])
    expect(ofUnit('day')).toEqual([-24 * HOUR_MS, 0])
    expect(ofUnit('week')).toEqual([-3 * 24 * HOUR_MS])
    expect(ofUnit('month')).toEqual([-31 * 24 * HOUR_MS, 0])
    expect(starts('-000001-12-31T00:00:00Z', '0000-01-02T00:00:00Z', 'month', 'UTC')).toEqual([
      '-000001-12-01T00:00:00+00:00',
      '0000-01-01T00:00:00+00:00',
    ])
  })

  test.each<[string, string, string, string, readonly number[]]>([
    ['24, 23 and 24 hours when clocks go forward', 'Europe/Berlin', '2026-03-28T12:00Z', '2026-03-31T12:00Z', [24, 23, 24]],
    ['24, 25 and 24 hours when clocks go back', 'Europe/Berlin', '2026-10-24T12:00Z', '2026-10-27T12:00Z', [24, 25, 24]],
    ['half an hour less where clocks go forward by that', 'Australia/Lord_Howe', '2026-10-03T12:00Z', '2026-10-05T12:00Z', [24, 23.5]],
    ['half an hour more where clocks go back by that', 'Australia/Lord_Howe', '2026-04-04T12:00Z', '2026-04-06T12:00Z', [24, 24.5]],
    ['a day without midnight that begins at one', 'America/Sao_Paulo', '2018-11-03T12:00Z', '2018-11-05T12:00Z', [24, 23]],
    ['a day with two midnights that begins at the first', 'America/Havana', '2026-10-31T12:00Z', '2026-11-02T12:00Z', [24, 25]],
    ['no day that the zone skips', 'Pacific/Apia', '2011-12-29T12:00Z', '2012-01-01T12:00Z', [24, 24, 24]],
  ])('has %s', (_, timeZone, from, to, expected) => {
    expect(hours(from, to, timeZone)).toEqual(expected)
  })

  test('names the date after a skipped one', () => {
    expect(starts('2011-12-30T00:00Z', '2012-01-01T00:00Z', 'day', 'Pacific/Apia')).toEqual([
      '2011-12-29T00:00:00-10:00',
      '2011-12-31T00:00:00+14:00',
      '2012-01-01T00:00:00+14:00',
    ])
  })

  test('begins a date at its first instant, although clocks go back over midnight', () => {
    expect(starts('2010-11-06T12:00Z', '2010-11-08T12:00Z', 'day', 'America/St_Johns')).toEqual([
      '2010-11-06T00:00:00-02:30',
      '2010-11-07T00:00:00-02:30',
      '2010-11-08T00:00:00-03:30',
    ])
  })

  test('counts each of two equal hours of the local clock', () => {
    expect(starts('2026-10-25T00:00Z', '2026-10-25T03:00Z', 'hour', 'Europe/Berlin')).toEqual([
      '2026-10-25T02:00:00+02:00',
      '2026-10-25T02:00:00+01:00',
      '2026-10-25T03:00:00+01:00',
    ])
  })

  test('has hours that begin at the half hour of UTC, and a half one where clocks are set by half an hour', () => {
    expect(starts('2026-04-04T14:00Z', '2026-04-04T17:00Z', 'hour', 'Australia/Lord_Howe')).toEqual([
      '2026-04-05T01:00:00+11:00',
      '2026-04-05T01:30:00+10:30',
      '2026-04-05T02:00:00+10:30',
      '2026-04-05T03:00:00+10:30',
    ])
    expect(starts('2026-01-01T00:00Z', '2026-01-01T00:31Z', 'hour', 'Asia/Kolkata')).toEqual([
      '2026-01-01T05:00:00+05:30',
      '2026-01-01T06:00:00+05:30',
    ])
  })

  test('has minutes of the local mean time of old years, which begin within minutes of UTC', () => {
    const range = { startMs: -4_000_000_000_000n, endMs: -3_999_999_940_000n } // Berlin was 53 min 28 s ahead
    expect(bucketStarts(range, 'minute', 'Europe/Berlin')).toEqual([-4_000_000_048_000, -3_999_999_988_000])
  })

  test.each<[BucketUnit, bigint]>([
    ['minute', 60_000n],
    ['hour', 3_600_000n],
    ['day', 86_400_000n],
    ['week', 604_800_000n],
  ])(`has at most ${MAX_BUCKETS} buckets of unit %s`, (unit, lengthMs) => {
    const startMs = -3n * 86_400_000n // a Monday
    const endMs = startMs + BigInt(MAX_BUCKETS) * lengthMs
    expect(bucketStarts({ startMs, endMs }, unit, 'UTC')).toHaveLength(MAX_BUCKETS)
    for (const end of [endMs + 1n, 8_000_000_000_000_000n]) {
      expect(() => bucketStarts({ startMs, endMs: end }, unit, 'UTC')).toThrow(
        `time_range: got more than 10080 buckets of unit ${unit}, expected at most 10080`,
      )
    }
  })

  test('has no time that Temporal does not have', () => {
    const expected = 'expected ms of the years -271820 to 275759: -8639977881600000 to 8639977881600000'
    expect(() => bucketStarts({ startMs: INT64_MIN, endMs: INT64_MAX }, 'month', 'UTC')).toThrow(`time_range.start: got ${INT64_MIN}, `)
    expect(() => bucketStarts({ startMs: 0n, endMs: INT64_MAX }, 'month', 'UTC')).toThrow(`time_range.end: got ${INT64_MAX}, ${expected}`)
  })

  test.each(['Mars/Olympus', '+02:00', 'Z', 'PST', '', ' UTC', '2026-01-01T00:00[Europe/Berlin]', '../UTC'])(
    'has no time zone %j',
    timeZone => {
      expect(() => bucketStarts({ startMs: 0n, endMs: 0n }, 'day', timeZone)).toThrow(
        `time_zone: got ${JSON.stringify(timeZone)}, expected the IANA name of a time zone, such as "Europe/Berlin"`,
      )
    },
  )

  test.each(['UTC', 'Etc/GMT+5', 'America/Port-au-Prince', 'EST5EDT', 'America/Argentina/Buenos_Aires', 'europe/berlin'])(
    'has the time zone %s',
    timeZone => {
      expect(bucketStarts({ startMs: 0n, endMs: 1n }, 'day', timeZone)).toHaveLength(1)
    },
  )

  test.each([0n, 12_345n])('has no bucket for an empty range at %s', time => {
    expect(bucketStarts({ startMs: time, endMs: time }, 'minute', 'UTC')).toEqual([])
  })
})
