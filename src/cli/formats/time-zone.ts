import type { Format } from './format.ts'

/** Temporal also accepts offsets such as +02:00, and whole dates with a zone. Those are not names. */
const NAME = /^[a-z][\w+-]*(\/[\w+-]+)*$/i

/** The IANA name of a time zone that this Node knows. */
export const timeZone: Format<string> = {
  expected: 'the IANA name of a time zone, such as Europe/Berlin or UTC',
  parse: text => (NAME.test(text) && isKnown(text) ? text : undefined),
}

function isKnown(name: string): boolean {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name)
    return true
  } catch {
    return false
  }
}
