import type { Unit } from '../client/ping-client.ts'

/** How many buckets a range without a start has: the last hour, day, 30 days, 12 weeks or 12 months. */
const DEFAULT_BUCKETS: Readonly<Record<Unit, number>> = { minute: 60, hour: 24, day: 30, week: 12, month: 12 }

/** The server accepts a year more. Temporal knows no times much beyond these, which also have to have room for the buckets before them. */
const [MIN_MS, MAX_MS] = [-8_639_940_000_000_000n, 8_639_940_000_000_000n]

/** What a user said about the range. All times in ms since the Unix epoch. */
export interface RangeWish {
  readonly unit: Unit
  readonly zone: string
  readonly from: bigint | undefined
  readonly to: bigint | undefined
}

/** `[start, end)`. Without `to` it ends with the bucket of `nowMs`; without `from` it has the unit's default number of buckets. */
export function bucketRange({ unit, zone, from, to }: RangeWish, nowMs: number): { start: bigint; end: bigint } {
  // A day without a midnight starts later, such as at 01:00. The next one does not.
  const end = to ?? toMs(floor(bucketOf(BigInt(nowMs), unit, zone).add({ [`${unit}s`]: 1 }), unit))
  if (from !== undefined) return { start: from, end }
  const last = bucketOf(end - 1n, unit, zone)
  const start = toMs(floor(last.subtract({ [`${unit}s`]: DEFAULT_BUCKETS[unit] - 1 }), unit))
  return { start: start < end ? start : end, end }
}

/** When the bucket starts that a time is in. */
function bucketOf(timeMs: bigint, unit: Unit, zone: string): Temporal.ZonedDateTime {
  // The server refuses a bound that no calendar has, and says what it expects.
  const known = timeMs < MIN_MS ? MIN_MS : timeMs > MAX_MS ? MAX_MS : timeMs
  return floor(Temporal.Instant.fromEpochMilliseconds(Number(known)).toZonedDateTimeISO(zone), unit)
}

function floor(time: Temporal.ZonedDateTime, unit: Unit): Temporal.ZonedDateTime {
  if (unit === 'minute' || unit === 'hour') return time.round({ smallestUnit: unit, roundingMode: 'floor' })
  if (unit === 'day') return time.startOfDay()
  if (unit === 'week') return time.subtract({ days: time.dayOfWeek - 1 }).startOfDay()
  return time.with({ day: 1 }).startOfDay()
}

function toMs(time: Temporal.ZonedDateTime): bigint {
  return BigInt(time.epochMilliseconds)
}
