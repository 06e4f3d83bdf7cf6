import type { StreamEvent } from './stream-event.ts'

/** The metrics of a stream. */
export interface EventStreamMetrics {
  /** How many readers a stream has now. */
  readers(open: number): void
  /** A reader was refused: there were too many. */
  readerRefused(): void
}

export interface EventStreamOptions {
  /**
   * The newest event at once, then the newest after each change, until `ended` is aborted. It is asked for the next event only when the
   * reader has taken the last one, so a slow reader gets fewer events.
   */
  readonly events: (ended: AbortSignal) => AsyncIterable<StreamEvent>
  readonly maxReaders: number
  /** How long a reader waits before it connects again, in ms. */
  readonly retryMs: number
  /** A reader without an event for this long gets a comment. In ms. */
  readonly heartbeatMs: number
  /** A reader that takes nothing for this long is disconnected. In ms. */
  readonly stalledMs: number
  readonly metrics: EventStreamMetrics
}

/** Events for readers that listen (`text/event-stream`), and how many do. */
export class EventStream {
  readonly options: EventStreamOptions
  #readers = 0

  constructor(options: EventStreamOptions) {
    this.options = options
  }

  /** False: there are too many readers. Each `join` that is true needs a `leave`. */
  join(): boolean {
    const { maxReaders, metrics } = this.options
    if (this.#readers >= maxReaders) {
      metrics.readerRefused()
      return false
    }
    metrics.readers(++this.#readers)
    return true
  }

  leave(): void {
    this.options.metrics.readers(--this.#readers)
  }
}
