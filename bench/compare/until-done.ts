import { wait } from '../../src/runtime/wait.ts'

const LOOK_EVERY_MS = 50
/** A consumer that was killed is missed after 6 s. */
const LIMIT_MS = 60_000

/** The first value for which `isDone` is true. Throws if there is none within a minute. */
export async function untilDone<T>(read: () => Promise<T>, isDone: (value: T) => boolean, everyMs = LOOK_EVERY_MS): Promise<T> {
  const deadline = Date.now() + LIMIT_MS
  for (;;) {
    const value = await read()
    if (isDone(value)) return value
    if (Date.now() > deadline) throw new Error(`not done after ${LIMIT_MS / 1_000} s: ${JSON.stringify(value)}`)
    await wait(everyMs)
  }
}
