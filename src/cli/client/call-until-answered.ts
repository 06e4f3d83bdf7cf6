import { Code, ConnectError, type CallOptions } from '@connectrpc/connect'
import { Backoff } from '../../runtime/retry.ts'
import { wait } from '../../runtime/wait.ts'
import { EXIT, CliError } from '../exit-codes.ts'
import { formatDuration } from '../formats/duration.ts'
import type { Interrupt } from '../interrupt.ts'
import { describeFailure, isFinal, retryAfterMs } from './failures.ts'

/** A single try gets at most a third of the time, so that a reply that never comes leaves time for another try … */
const MIN_TRIES = 3
/** … and never more than this. */
const MAX_TRY_MS = 10_000
/** With less time left, another try is not worth it. */
const MIN_TRY_MS = 20
const FIRST_PAUSE_MS = 50
const MAX_PAUSE_MS = 2_000

export interface CallLimits {
  /** The time for all tries together. */
  readonly timeoutMs: number
  readonly interrupt: Interrupt
}

export interface Answered<T> {
  readonly value: T
  readonly tries: number
  /** From the first try to the answer. */
  readonly latencyMs: number
}

/**
 * Makes a call, and repeats it with growing pauses (or the server's `retry-after`), until it is answered.
 * Throws `CliError`: refused (another try would not help), unavailable (no time left), or interrupted.
 */
export async function callUntilAnswered<T>(
  call: (options: CallOptions) => Promise<T>,
  { timeoutMs, interrupt }: CallLimits,
): Promise<Answered<T>> {
  const begin = performance.now()
  const elapsedMs = (): number => performance.now() - begin
  const backoff = new Backoff(FIRST_PAUSE_MS, MAX_PAUSE_MS)
  const tryMs = Math.min(timeoutMs / MIN_TRIES, MAX_TRY_MS)
  let reported: ConnectError | undefined
  for (let tries = 1; ; tries++) {
    try {
      const limitMs = Math.max(1, Math.ceil(Math.min(tryMs, timeoutMs - elapsedMs())))
      return { value: await call({ timeoutMs: limitMs, signal: interrupt.forced }), tries, latencyMs: elapsedMs() }
    } catch (caught) {
      const error = ConnectError.from(caught)
      if (isFinal(error)) throw new CliError(EXIT.refused, `refused: ${describeFailure(error)}`, { cause: error })
      // Why an earlier try failed explains more than that this one timed out.
      if (reported === undefined || error.code !== Code.DeadlineExceeded) reported = error
      await pauseAfter(error, { backoff, leftMs: timeoutMs - elapsedMs(), tries, reported, interrupt })
    }
  }
}

interface Pause {
  readonly backoff: Backoff
  readonly leftMs: number
  readonly tries: number
  /** The failure that explains most. */
  readonly reported: ConnectError
  readonly interrupt: Interrupt
}

/** Waits before the next try; throws if no further try is made. */
async function pauseAfter(error: ConnectError, { backoff, leftMs, tries, reported, interrupt }: Pause): Promise<void> {
  const failure = `${tries === 1 ? 'one try' : `${tries} tries`}: ${describeFailure(reported)}`
  const askedMs = retryAfterMs(error)
  if (askedMs !== undefined && askedMs >= leftMs) {
    const why = `the server asks to retry after ${formatDuration(askedMs)}, which is more than what is left of --timeout`
    throw new CliError(EXIT.unavailable, `no answer: ${why}; ${failure}`, { cause: reported })
  }
  if (leftMs < MIN_TRY_MS) throw new CliError(EXIT.unavailable, `no answer within --timeout; ${failure}`, { cause: reported })
  // Halving what is left keeps time for a last try.
  await wait(askedMs ?? Math.min(backoff.next(), leftMs / 2), interrupt.asked)
  const exitCode = interrupt.exitCode()
  if (exitCode) throw new CliError(exitCode, `interrupted; ${failure}`, { cause: reported })
}
