import { wait } from '../../runtime/wait.ts'

/** What a Node timer can wait; a longer one would fire at once. */
const MAX_WAIT_MS = 2 ** 31 - 1

/** Waits until `performance.now()` is `time`, or the signal. Timers have a resolution of 1 ms; due times are absolute, so the rate holds on average. */
export async function waitUntil(time: number, signal: AbortSignal): Promise<void> {
  for (let ms = time - performance.now(); ms >= 1 && !signal.aborted; ms = time - performance.now())
    await wait(Math.min(ms, MAX_WAIT_MS), signal)
}
