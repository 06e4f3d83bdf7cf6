import type { Logger } from '../runtime/logger.ts'
import { retry } from '../runtime/retry.ts'
import { classifySetUpFailure } from './set-up-failures.ts'

export interface SetUpOptions {
  readonly log: Logger
  readonly signal: AbortSignal
  /** How long Postgres may refuse the connection before the set-up fails. In ms. */
  readonly refusedForMs?: number
}

/** Long enough for an operator or a script to create the role while Postgres is already up. */
const REFUSED_FOR_MS = 60_000
/** Short: callers wait for the program, and the program for Postgres. */
const MAX_PAUSE_MS = 1_000

/**
 * Calls `migrate`, which brings the database to the newest version, until it succeeds. Waits for Postgres as long as it takes. Rejects
 * when no further try can succeed, or when Postgres refuses the connection for `refusedForMs`: the program then ends, and its next start
 * reads the settings again.
 */
export async function retrySetUp(
  migrate: () => Promise<void>,
  { log, signal, refusedForMs = REFUSED_FOR_MS }: SetUpOptions,
): Promise<void> {
  const asked = new Promise<never>((_, reject) => {
    const stop = () => reject(new Error('asked to stop while setting up the database'))
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop)
  })
  asked.catch(() => undefined)
  const attempt = () => Promise.race([migrate(), asked])
  await retry(attempt, { what: 'set up the database', log, signal, maxPauseMs: MAX_PAUSE_MS, isFinal: endsTries(refusedForMs) })
}

function endsTries(refusedForMs: number): (error: unknown) => boolean {
  let refusedSince: number | undefined
  return error => {
    const failure = classifySetUpFailure(error)
    if (failure !== 'refused') {
      refusedSince = undefined
      return failure === 'final'
    }
    refusedSince ??= performance.now()
    return performance.now() - refusedSince >= refusedForMs
  }
}
