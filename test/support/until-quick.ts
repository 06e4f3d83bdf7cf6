const GIVE_UP_AFTER_MS = 40_000
const MAX_TRIES = 20

/**
 * Runs `attempt` until one takes less than `limitMs`, and returns what that one does; an earlier one that fails is ignored. For what is
 * true only for a limited time: a slower attempt says nothing, since the machine may have stopped in the middle of it. If all are slow,
 * as with a program that is, the error says how the last one failed.
 */
export async function untilQuick<T>(limitMs: number, attempt: () => Promise<T>): Promise<T> {
  const beganMs = performance.now()
  let quickestMs = Infinity
  for (let tries = 1; ; tries++) {
    const attemptMs = performance.now()
    const [result] = await Promise.allSettled([attempt()])
    const endedMs = performance.now()
    quickestMs = Math.min(quickestMs, endedMs - attemptMs)
    const isQuick = endedMs - attemptMs < limitMs
    if (isQuick && result.status === 'fulfilled') return result.value
    if (isQuick) throw result.status === 'rejected' ? result.reason : undefined
    if (tries < MAX_TRIES && endedMs - beganMs < GIVE_UP_AFTER_MS) continue
    const cause = result.status === 'rejected' ? result.reason : undefined
    const failure = cause instanceof Error ? `; the last one failed: ${cause.message}` : ''
    throw new Error(
      `not within ${limitMs} ms: one of ${tries} attempts, the quickest of which took ${Math.round(quickestMs)} ms${failure}`,
      {
        cause,
      },
    )
  }
}
