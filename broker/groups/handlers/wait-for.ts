import type { Respond } from '../results.ts'

/**
 * The result that `start` gives to `respond`, immediately or later. If `signal` is aborted first, the result is undefined, and `drop` is called
 * once.
 */
export function waitFor<Result>(
  signal: AbortSignal,
  start: (respond: Respond<Result>) => void,
  drop: (respond: Respond<Result>) => void,
): Promise<Result | undefined> {
  return new Promise(resolve => {
    let isDone = false
    const respond = (result: Result) => end(result)
    const abort = () => {
      end(undefined)
      drop(respond)
    }
    function end(result: Result | undefined): void {
      isDone = true
      signal.removeEventListener('abort', abort)
      resolve(result)
    }
    start(respond)
    if (isDone) return
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort)
  })
}
