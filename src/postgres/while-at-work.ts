import type { Client, ClientConfig } from 'pg'
import { TimeoutError, within } from '../runtime/wait.ts'
import { isStillRunning } from './is-still-running.ts'

export interface AtWorkOptions {
  readonly postgres: ClientConfig
  /** The name of the client's session. */
  readonly applicationName: string
  /** Interval of the checks, in ms. */
  readonly checkAfterMs?: number
}

const CHECK_AFTER_MS = 2_000
const CHECK_WITHIN_MS = 5_000
/** While the check gets no answer, a batch keeps its connection this long. */
const KEEP_UNASKED_MS = 15_000
/** The answer may have been on its way during the check. */
const LATE_ANSWER_MS = 1_000
const SILENT = 'Postgres does not answer a batch'

/**
 * Waits for a batch's outcome as long as its backend works on it. A backend that waits for a standby or a lock stays even after
 * its client has disconnected, so sending the batch over new connections would use up all of them.
 */
export async function whileAtWork<T>(client: Client, batch: Promise<T>, options: AtWorkOptions): Promise<T> {
  const { checkAfterMs = CHECK_AFTER_MS } = options
  const ended = batch.then(
    () => 'ended' as const,
    () => 'ended' as const,
  )
  for (let askedMs = performance.now(); ;) {
    try {
      return await within(checkAfterMs, SILENT, batch)
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error
    }
    const found = await Promise.race([ended, checkAtWork(client, options)])
    if (found === 'at work') askedMs = performance.now()
    const isGone = found === 'not at work' || performance.now() - askedMs > KEEP_UNASKED_MS
    if (isGone) return await within(LATE_ANSWER_MS, SILENT, batch)
  }
}

/** Checks over another connection, which also notices that another primary has taken over. */
async function checkAtWork(client: Client, { postgres, applicationName }: AtWorkOptions): Promise<'at work' | 'not at work' | 'not known'> {
  try {
    const isThere = await within(CHECK_WITHIN_MS, SILENT, isStillRunning(postgres, client, applicationName))
    return isThere ? 'at work' : 'not at work'
  } catch {
    return 'not known'
  }
}
