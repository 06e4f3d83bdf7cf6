const GO_ON_FOR_MS = 30_000
const MIN_TRIES = 3

/**
 * Runs `attempt` until its result is as expected, for what a busy machine may spoil. After 30 s and three attempts it returns the last
 * result all the same: so a program that never does what is expected fails the test soon, by what it does.
 */
export async function againUntil<T>(attempt: () => Promise<T>, isExpected: (result: T) => boolean, goOnForMs = GO_ON_FOR_MS): Promise<T> {
  const beganMs = performance.now()
  for (let tries = 1; ; tries++) {
    const result = await attempt()
    const isOver = tries >= MIN_TRIES && performance.now() - beganMs > goOnForMs
    if (isExpected(result) || isOver) return result
  }
}
