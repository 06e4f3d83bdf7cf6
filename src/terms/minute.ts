const MINUTE_MS = 60_000n

/** floor(timestampMs / 60 000), floor also for negative times. A number holds it: |minute| < 2^48. */
export function minuteOf(timestampMs: bigint): number {
  const minute = timestampMs / MINUTE_MS
  return Number(timestampMs % MINUTE_MS < 0n ? minute - 1n : minute)
}
