import { FRESH_WITHIN_MS } from '../../src/counters/freshness.ts'
import { untilQuick } from '../support/until-quick.ts'

/** Of the clocks of two processes, in whole ms. */
const ROUNDING_MS = 10

/**
 * Runs `attempt`, which makes the cache fresh and reads counts, until one ends before the cache can be stale: a server is right to read
 * from Postgres then. `limitMs`: if something else ends sooner.
 */
export function whileFresh<T>(attempt: () => Promise<T>, limitMs = FRESH_WITHIN_MS): Promise<T> {
  return untilQuick(limitMs - ROUNDING_MS, attempt)
}
