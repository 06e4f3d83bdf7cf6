import { shownText } from '../../runtime/shown-text.ts'
import { CalendarError } from './calendar-error.ts'

/** A time span [fromMs, toMs) in which a time zone's local time is UTC plus `offsetMs`. All in ms since the Unix epoch, or ms. */
export interface OffsetSpan {
  readonly fromMs: number
  readonly toMs: number
  readonly offsetMs: number
}

/** Temporal also accepts offsets such as +02:00, and whole dates with a zone. Those are not names. */
const NAME = /^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+)*$/
const NS_OF_MS = 1e6

/**
 * The spans of a time zone from `fromMs` to `toMs`, in order and without gaps. Both are within the times of Temporal. Throws
 * `CalendarError` for an unknown zone.
 */
export function* offsetSpans(timeZone: string, fromMs: number, toMs: number): Generator<OffsetSpan> {
  let from = zoned(fromMs, timeZone)
  for (let startMs = fromMs; startMs < toMs;) {
    const next = from.getTimeZoneTransition('next')
    const endMs = Math.min(next?.epochMilliseconds ?? toMs, toMs)
    yield { fromMs: startMs, toMs: endMs, offsetMs: from.offsetNanoseconds / NS_OF_MS }
    if (next === null) return
    from = next
    startMs = endMs
  }
}

function zoned(timeMs: number, timeZone: string): Temporal.ZonedDateTime {
  try {
    if (NAME.test(timeZone)) return Temporal.Instant.fromEpochMilliseconds(timeMs).toZonedDateTimeISO(timeZone)
  } catch {
    // an unknown name
  }
  throw new CalendarError(`time_zone: got ${shownText(timeZone)}, expected the IANA name of a time zone, such as "Europe/Berlin"`)
}
