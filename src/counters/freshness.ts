/**
 * How old a count from the cache may be, and the three numbers that follow from it.
 *
 * A lane's `asof` is the time of the newest tick whose head the cache has applied. Under load only a flush moves it, so just before
 * a flush it is as old as the last flush and one tick: FLUSH_INTERVAL_MS + TICK_INTERVAL_MS. On top come the way through
 * Kafka, the pause between two ticks and the writes; what is left of FRESH_WITHIN_MS has to be enough for them.
 *
 * So a processor must not treat another's lane as neglected before that sum has passed. When a processor dies, the first tick of
 * another one after NEGLECTED_AFTER_MS takes over its lanes. That should happen before they stop being fresh. Therefore
 *
 *     FLUSH_INTERVAL_MS + TICK_INTERVAL_MS ≤ NEGLECTED_AFTER_MS ≤ FRESH_WITHIN_MS − TICK_INTERVAL_MS
 *
 * The defaults leave exactly one value. Breaking the rule makes no count wrong: more counts come from Postgres, or
 * two processors do the same work, and the compare-and-set of their flushes lets only one of them write.
 */

/** The server answers from the cache only if every lane was complete at most this long ago. Promised in docs/guarantees.md. */
export const FRESH_WITHIN_MS = 2_000

/** Default of the processor's setting: how long an event is buffered before it is flushed. */
export const FLUSH_INTERVAL_MS = 1_000

/** Default of the processor's setting: how often a tick compares the cache with Postgres. */
export const TICK_INTERVAL_MS = 500

/** A tick does nothing for a lane whose records another processor reads, until its `asof` is older than this. */
export const NEGLECTED_AFTER_MS = 1_500
