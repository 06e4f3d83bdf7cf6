/** Pause before the next fetch of a partition after few records, in ms. */
const PAUSE_MS = 100
/** After at least this many records of a partition the next fetch starts at once. */
const FEW_RECORDS = 250
/** A fetch returns the records that are there within this time. In ms. */
const FETCH_MS = 20

/**
 * The pause before the next fetch, in ms. A fetch costs about a millisecond here and as much in the broker, however few records it
 * returns. Records that arrive during the pause are not counted any later: the next flush that could take them is `untilFlushMs` or
 * more from now, and the pause ends in time for it.
 */
export function pauseAfter(records: number, untilFlushMs: number): number {
  return records < FEW_RECORDS ? Math.max(0, Math.min(PAUSE_MS, untilFlushMs - FETCH_MS)) : 0
}
