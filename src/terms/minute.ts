const MINUTE_MS = 60_000n
const MINUTE_MS_NUMBER = 60_000

/** floor(timestampMs / 60 000), floor also for negative times. A number holds it: |minute| < 2^48. */
export function minuteOf(timestampMs: bigint): number {
  const ms = Number(timestampMs)
  // Below 2^53 a quotient is rounded by less than one 60 000th: not up to the next minute.
  if (Number.isSafeInteger(ms)) return Math.floor(ms / MINUTE_MS_NUMBER)
  const minute = timestampMs / MINUTE_MS
  return Number(timestampMs % MINUTE_MS < 0n ? minute - 1n : minute)
}
