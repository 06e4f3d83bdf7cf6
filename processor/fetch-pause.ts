/** How long few records of a partition keep the next fetch waiting, in ms. */
const PAUSE_MS = 100
/** A fetch of more records of a partition is followed by the next at once. */
const FEW_RECORDS = 250
/** What is there comes with a fetch within this time. In ms. */
const FETCH_MS = 20

/**
 * How long to wait before the next fetch, in ms. A fetch costs about a millisecond here and as much in the broker, however few records
 * it brings. What comes during the pause is counted no later for it: `untilFlushMs` from now, at the soonest, is the next flush that could
 * take it, and the pause ends in time for that one.
 */
export function pauseAfter(records: number, untilFlushMs: number): number {
  return records < FEW_RECORDS ? Math.max(0, Math.min(PAUSE_MS, untilFlushMs - FETCH_MS)) : 0
}
