import type { Logger } from './logger.ts'
import { wait } from './wait.ts'

export interface RetryOptions {
  /** What is tried, for the log: "connect to Postgres". */
  readonly what: string
  readonly log: Logger
  /** Aborting ends the tries: `retry` then rejects with the last error. */
  readonly signal: AbortSignal
  /** The first pause; each further one is twice as long. Default 100 ms. */
  readonly firstPauseMs?: number
  /** The longest pause. Default 5 s. */
  readonly longestPauseMs?: number
  /** Errors that no further try can mend: thrown at once. */
  readonly isFinal?: (error: unknown) => boolean
}

/** Calls `attempt` until it succeeds, with growing pauses, and says so in the log. */
export async function retry<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { what, log, signal, isFinal } = options
  const pause = new Backoff(options.firstPauseMs, options.longestPauseMs)
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

/** The first tries, then every tenth: what is away for hours does not fill the log. */
function isLogged(tries: number): boolean {
  return tries <= 5 || tries % 10 === 0
}

/** Growing pauses with jitter, so that many programs do not return in step. */
export class Backoff {
  readonly #firstMs: number
  readonly #longestMs: number
  #tries = 0

  constructor(firstMs = 100, longestMs = 5_000) {
    this.#firstMs = firstMs
    this.#longestMs = longestMs
  }

  /** The next pause in ms: between a half and the whole of first · 2^tries, at most the longest. */
  next(): number {
    const full = Math.min(this.#longestMs, this.#firstMs * 2 ** this.#tries++)
    return Math.round(full / 2 + (Math.random() * full) / 2)
  }

  reset(): void {
    this.#tries = 0
  }
}
