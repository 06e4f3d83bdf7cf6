import { FRESH_WITHIN_MS } from '../../src/counters/freshness.ts'

/** Of the clocks of two processes, in whole ms. */
const ROUNDING_MS = 10
const GIVE_UP_AFTER_MS = 40_000

/**
 * Runs `attempt`, which makes the cache fresh and reads counts, until one takes less time than the cache stays fresh. What a slower one
 * finds says nothing: a server is right to read from Postgres if the machine stopped in between. `limitMs`: if something ends sooner.
 */
export async function whileFresh<T>(attempt: () => Promise<T>, limitMs = FRESH_WITHIN_MS): Promise<T> {
  const beganMs = performance.now()
  for (;;) {
    const attemptMs = performance.now()
    const [result] = await Promise.allSettled([attempt()])
    const endedMs = performance.now()
    const isQuick = endedMs - attemptMs < limitMs - ROUNDING_MS
    if (isQuick && result.status === 'fulfilled') return result.value
    if (isQuick) throw result.status === 'rejected' ? result.reason : undefined
    if (endedMs - beganMs > GIVE_UP_AFTER_MS) throw new Error(`not within ${limitMs} ms: a count while the cache is fresh`)
  }
}
