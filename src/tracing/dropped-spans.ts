import type { SpanProcessor } from '@opentelemetry/sdk-trace'
import type { Logger } from '../runtime/logger.ts'

const LOGGED_EVERY_MS = 60_000

export interface DroppedSpansOptions {
  /** Number of spans that the queue takes. */
  readonly maxQueue: number
  readonly log: Logger
  /** The monotonic clock, in ms. */
  readonly now?: () => number
}

/**
 * Logs that spans are dropped because the queue is full, which OpenTelemetry's own queue does without a word: at most one line each
 * minute, with how many there were since the last, and one at the end. It comes before that queue, and counts along with it.
 */
export class DroppedSpans implements SpanProcessor {
  readonly #options: DroppedSpansOptions
  readonly #now: () => number
  #waiting = 0
  #dropped = 0
  #loggedMs = -Infinity

  constructor(options: DroppedSpansOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
  }

  onStart(): void {}

  onEnd(): void {
    if (this.#waiting < this.#options.maxQueue) return void this.#waiting++
    this.#dropped++
    if (this.#now() - this.#loggedMs >= LOGGED_EVERY_MS) this.#report()
  }

  /** So many spans have left the queue. */
  taken(spans: number): void {
    this.#waiting -= spans
  }

  async forceFlush(): Promise<void> {}

  async shutdown(): Promise<void> {
    if (this.#dropped > 0) this.#report()
  }

  #report(): void {
    this.#options.log.warn(
      { dropped: this.#dropped },
      'traces: more spans ended than could be sent, and were dropped. Pings are not affected',
    )
    this.#dropped = 0
    this.#loggedMs = this.#now()
  }
}
