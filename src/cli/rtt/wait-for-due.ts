import { setImmediate as turn } from 'node:timers/promises'
import { waitUntil } from '../run/wait-until.ts'

/** Timers fire up to this much late. */
const TIMER_MS = 2

/** Waits until `performance.now()` is `time`, not earlier and hardly later, or until the signal: what a timer is late would be measured. */
export async function waitForDue(time: number, signal: AbortSignal): Promise<void> {
  await waitUntil(time - TIMER_MS, signal)
  while (performance.now() < time && !signal.aborted) await turn()
}
