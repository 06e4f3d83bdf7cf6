import type { Unit } from '../client/ping-client.ts'

/** When a bucket starts, for people: "2026-10-25 02:00", with the offset if the zone's clock shows that time twice; of days and longer, the date. */
export function bucketTimeText(startMs: bigint, unit: Unit, zone: string): string {
  const time = zoned(startMs, zone)
  const date = time.toPlainDate().toString()
  if (unit === 'minute' || unit === 'hour') return clockText(time)
  return time.equals(time.startOfDay()) ? date : clockText(time)
}

/** When a range starts or ends, for people. */
export function boundText(timeMs: bigint, zone: string): string {
  return clockText(zoned(timeMs, zone))
}

/** A time for programs: ISO 8601 with the offset. */
export function isoTime(timeMs: bigint, zone: string): string {
  return zoned(timeMs, zone).toString({ timeZoneName: 'never' })
}

function clockText(time: Temporal.ZonedDateTime): string {
  const clock = time.toPlainTime()
  const text = clock.toString(clock.second === 0 && clock.millisecond === 0 ? { smallestUnit: 'minute' } : {})
  return `${time.toPlainDate().toString()} ${text}${isShownTwice(time) ? ` ${time.offset}` : ''}`
}

/** True if clocks are set back to before this local time after it, or were so before it. */
function isShownTwice(time: Temporal.ZonedDateTime): boolean {
  const local = time.toPlainDateTime()
  const [earlier, later] = (['earlier', 'later'] as const).map(disambiguation => local.toZonedDateTime(time.timeZoneId, { disambiguation }))
  return !earlier!.equals(later!)
}

function zoned(timeMs: bigint, zone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(Number(timeMs)).toZonedDateTimeISO(zone)
}
