const GIVE_UP_AFTER_MS = 40_000

/**
 * Runs `attempt` until one takes less than `limitMs`, and returns what that one does; an earlier one that fails is ignored. For what is
 * true only for a limited time: a slower attempt says nothing, since the machine may have stopped in the middle of it.
 */
export async function untilQuick<T>(limitMs: number, attempt: () => Promise<T>): Promise<T> {
  const beganMs = performance.now()
  for (;;) {
    const attemptMs = performance.now()
    const [result] = await Promise.allSettled([attempt()])
    const endedMs = performance.now()
    const isQuick = endedMs - attemptMs < limitMs
    if (isQuick && result.status === 'fulfilled') return result.value
    if (isQuick) throw result.status === 'rejected' ? result.reason : undefined
    if (endedMs - beganMs > GIVE_UP_AFTER_MS) throw new Error(`not within ${limitMs} ms: an attempt that the machine did not interrupt`)
  }
}
