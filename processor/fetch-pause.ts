/** How long few records of a partition keep the next fetch waiting, in ms. Well below the second that they may wait for a flush. */
const PAUSE_MS = 100
/** A fetch of more records of a partition is followed by the next at once. */
const FEW_RECORDS = 250

/**
 * How long to wait before the next fetch, in ms. A fetch costs about a millisecond here and as much in the broker, however few records
 * it brings. What comes during the pause is counted no later for it: the flush before it was at the first record, and the next is a second
 * later, or at 1000 records.
 */
export function pauseAfter(records: number): number {
  return records < FEW_RECORDS ? PAUSE_MS : 0
}
