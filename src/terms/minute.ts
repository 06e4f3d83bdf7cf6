/** One minute in ms: a number for the times of clocks, a bigint for those of pings. */
export const MINUTE_MS = 60_000
export const MINUTE_MS_BIGINT = 60_000n

/** The minute of a ping's time, in ms: the floor of the quotient, for negative times too. A number holds it: |minute| < 2^48. */
export function minuteOf(timestampMs: bigint): number {
  const ms = Number(timestampMs)
  // Below 2^53 a quotient is rounded by less than one 60 000th: not up to the next minute.
  if (Number.isSafeInteger(ms)) return Math.floor(ms / MINUTE_MS)
  const minute = timestampMs / MINUTE_MS_BIGINT
  return Number(timestampMs % MINUTE_MS_BIGINT < 0n ? minute - 1n : minute)
}

/** The minute of a clock's time, in ms. */
export function minuteOfClock(nowMs: number): number {
  return Math.floor(nowMs / MINUTE_MS)
}
