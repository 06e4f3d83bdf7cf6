import type { Logger } from './logger.ts'
import { wait } from './wait.ts'

export interface RetryOptions {
  /** What is attempted, for the log: "connect to Postgres". */
  readonly what: string
  readonly log: Logger
  /** Aborting ends the attempts: `retry` then rejects with the last error. */
  readonly signal: AbortSignal
  /** The first pause; each further one is twice as long. Default 100 ms. */
  readonly firstPauseMs?: number
  /** The maximum pause. Default 5 s. */
  readonly maxPauseMs?: number
  /** Errors for which a retry is pointless: thrown at once. */
  readonly isFinal?: (error: unknown) => boolean
}

/** Calls `attempt` until it succeeds, with growing pauses, and logs failures and the success after them. */
export async function retry<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { what, log, signal, isFinal } = options
  const pause = new Backoff(options.firstPauseMs, options.maxPauseMs)
  for (let tries = 1; ; tries++) {
    try {
      const result = await attempt()
      if (tries > 1) log.info({ tries }, `${what}: succeeded`)
      return result
    } catch (error) {
      if (signal.aborted || isFinal?.(error)) throw error
      const pauseMs = pause.next()
      if (isLogged(tries)) log.warn({ err: error, tries, pauseMs }, `${what}: failed, trying again`)
      await wait(pauseMs, signal)
      if (signal.aborted) throw error
    }
  }
}

/** The first attempts, then every tenth, so that a part that is down for hours does not fill the log. */
function isLogged(tries: number): boolean {
  return tries <= 5 || tries % 10 === 0
}

/** Growing pauses with jitter, so that many programs do not retry at the same time. */
export class Backoff {
  readonly #firstMs: number
  readonly #maxMs: number
  #tries = 0

  constructor(firstMs = 100, maxMs = 5_000) {
    this.#firstMs = firstMs
    this.#maxMs = maxMs
  }

  /** The next pause in ms: between half and all of first · 2^tries, up to the maximum. */
  next(): number {
    const full = Math.min(this.#maxMs, this.#firstMs * 2 ** this.#tries++)
    return Math.round(full / 2 + (Math.random() * full) / 2)
  }

  reset(): void {
    this.#tries = 0
  }
}
