/** The one key of the cache. One, so that it is lost, restored or evicted as a whole. It has no TTL. */
export const HASH = 'ping:counters'

/** Field names of the hash. */
export const TOTAL = 'total'
export const MINUTES_FROM = 'minutes-from'
export const MINUTES_TO = 'minutes-to'
export const CLAIM = 'claim'
const MINUTE_PREFIX = 'minute:'
const APPLIED_PREFIX = 'applied:'
const ASOF_PREFIX = 'asof:'

/** `minutes-from` if no minute was omitted. */
export const FROM_THE_FIRST = '-'

export function minuteField(minute: number): string {
  return MINUTE_PREFIX + minute
}

export function appliedField(lane: number): string {
  return APPLIED_PREFIX + lane
}

export function asofField(lane: number): string {
  return ASOF_PREFIX + lane
}

/** The minute of a `minute:<N>` field, or undefined for any other field, such as one with a leading zero. */
export function minuteOfField(field: string): number | undefined {
  // The minute of any int64 in ms has at most 15 digits.
  const match = /^minute:(0|-?[1-9]\d{0,14})$/.exec(field)
  return match ? Number(match[1]) : undefined
}
