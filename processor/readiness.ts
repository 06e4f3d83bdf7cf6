import type { Readiness } from '../src/runtime/readiness.ts'
import type { Reconciler } from './reconciler.ts'

const LOOK_EVERY_MS = 500
/** Ready as long as ticks succeed: then the count is kept true, with Kafka or without. */
const TICKED_WITHIN_MS = 5_000

/**
 * Keeps the readiness up to date until it is stopped. Unlike the server, a processor turns unready with the parts that it needs:
 * no caller is sent to it, so nothing is lost by that, and a rollout waits until the new processor can do its work.
 */
export function watchReadiness(readiness: Readiness, reconciler: Reconciler): { stop(): void } {
  let stopped = false
  const look = (): void => {
    if (stopped) return
    if (reconciler.sinceTickMs <= TICKED_WITHIN_MS) readiness.ready()
    else readiness.notReady('the cache could not be compared with Postgres lately: one of them is away')
  }
  const timer = setInterval(look, LOOK_EVERY_MS)
  void reconciler.firstTick.then(look)
  return {
    stop: () => {
      stopped = true
      clearInterval(timer)
    },
  }
}
