/**
 * How old a count from the cache may be, and the three numbers that follow from it.
 *
 * A lane's `asof` is the time of the newest tick whose head the cache has applied. Under load only a flush moves it, so just before
 * a flush it is as old as the last flush and one tick: FLUSH_INTERVAL_MS + TICK_INTERVAL_MS. On top come the way through
 * Kafka, the pause between two ticks and the writes; what is left of FRESH_WITHIN_MS has to be enough for them.
 *
 * A processor therefore must not take another's lane for neglected earlier than that sum. When a processor dies, the next tick of
 * another one after NEGLECTED_AFTER_MS takes its lanes over, and that should be no later than they stop being fresh. So
 *
 *     FLUSH_INTERVAL_MS + TICK_INTERVAL_MS ≤ NEGLECTED_AFTER_MS ≤ FRESH_WITHIN_MS − TICK_INTERVAL_MS
 *
 * The defaults leave exactly one value. Breaking the rule makes no count wrong: more counts come from Postgres, or
 * two processors do the same work, of which the flush's compare-and-set lets one have its effect.
 */

/** The server answers from the cache only if every lane was complete at most this long ago. Promised in docs/guarantees.md. */
export const FRESH_WITHIN_MS = 2_000

/** Default of the processor's setting: how long an event is buffered before it is flushed. */
export const FLUSH_INTERVAL_MS = 1_000

/** Default of the processor's setting: how often a tick compares the cache with Postgres. */
export const TICK_INTERVAL_MS = 500

/** A tick leaves a lane that another processor consumes alone until its `asof` is older than this. */
export const NEGLECTED_AFTER_MS = 1_500
