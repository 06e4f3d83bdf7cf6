import { compareAndSet, type HashShape, type LaneFlush } from '../src/counters/flush.ts'
import type { Cache } from '../src/counters/connect.ts'
import type { Logger } from '../src/runtime/logger.ts'
import type { LaneBuffer, Received } from './lane-buffer.ts'
import type { Lanes } from './lanes.ts'
import type { ProcessorMetrics } from './metrics.ts'

export interface FlusherOptions {
  readonly cache: Cache
  readonly lanes: Lanes
  readonly log: Logger
  readonly metrics: ProcessorMetrics
  readonly maxMinutes: number
  /** Flush as soon as so many events are buffered, over all lanes. */
  readonly flushRecords: number
  /** Flush as soon as this long has passed since the last flush. In ms. */
  readonly flushIntervalMs: number
  /** The hash is not whole: it has to be rebuilt. */
  readonly onIncomplete: () => void
  /** A lane cannot go on from its events. */
  readonly onRefused: (lane: LaneBuffer) => void
}

/** Buffers events by lane and writes them to the cache: by count, or by timer, whichever comes first. */
export class Flusher {
  readonly #options: FlusherOptions
  #flushing: Promise<boolean> | undefined
  #timer: NodeJS.Timeout | undefined
  #flushedMs = -Infinity
  #cacheAway = false

  constructor(options: FlusherOptions) {
    this.#options = options
  }

  /** Takes an event into its lane's buffer, if it fits there. */
  receive(received: Received): void {
    const { lanes, metrics, onRefused } = this.#options
    const lane = lanes.get(received.event.lane)
    if (!lane) {
      received.record.done = true // no such lane: forged, or of a ledger that this is not
      return metrics.received('foreign')
    }
    const verdict = lane.accept(received)
    metrics.received(verdict)
    if (verdict === 'refused') onRefused(lane)
    if (verdict === 'accepted') this.#schedule()
  }

  /** True if so much is buffered that it is time to flush. */
  get isFull(): boolean {
    return this.#options.lanes.pending() >= this.#options.flushRecords
  }

  /** Writes all lanes; what is accepted meanwhile waits for the next. False if the cache did not answer for all. */
  async flush(): Promise<boolean> {
    while (this.#flushing) await this.#flushing
    this.#flushedMs = performance.now()
    this.#flushing = this.#write([...this.#options.lanes].map(lane => lane.take()))
    try {
      return await this.#flushing
    } finally {
      this.#flushing = undefined
    }
  }

  /** Moves `asof` of the lanes that have nothing to flush. */
  async writeAsof(lanes: readonly LaneBuffer[]): Promise<void> {
    await this.#write(lanes.map(lane => lane.takeAsof()))
  }

  /** Writes what is buffered, once. */
  async stop(): Promise<void> {
    await this.flush()
    clearTimeout(this.#timer)
  }

  /** By timer, not by the next event: at once after a quiet interval, else when the interval is over. */
  #schedule(): void {
    if (this.#timer) return
    const dueMs = this.#flushedMs + this.#options.flushIntervalMs - performance.now()
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined
        void this.flush().then(answered => {
          if (!answered) this.#schedule()
        })
      },
      Math.max(0, dueMs),
    )
  }

  async #write(flushes: readonly (LaneFlush | undefined)[]): Promise<boolean> {
    const wanted = flushes.filter(flush => flush !== undefined)
    const answered = await Promise.all(wanted.map(flush => this.#writeLane(flush)))
    return answered.every(Boolean)
  }

  async #writeLane(flush: LaneFlush): Promise<boolean> {
    const { cache, lanes, maxMinutes, metrics, onIncomplete, onRefused } = this.#options
    const lane = lanes.get(flush.lane)!
    const shape: HashShape = { lanes: lanes.count, maxMinutes }
    try {
      const outcome = await compareAndSet(cache, flush, shape)
      this.#tellOfCache(undefined)
      metrics.flushed(outcome.kind, Number(flush.end.seq - flush.start.seq))
      if (outcome.kind === 'applied') lane.flushed(flush)
      if (outcome.kind === 'moved') {
        lane.movedTo(outcome.to)
        if (lane.needsCatchUp) onRefused(lane)
      }
      if (outcome.kind === 'incomplete') {
        lane.unanswered()
        onIncomplete()
      }
      return outcome.kind === 'applied'
    } catch (err) {
      lane.unanswered()
      this.#tellOfCache(err)
      return false
    }
  }

  #tellOfCache(err: unknown): void {
    const away = err !== undefined
    if (away && !this.#cacheAway) this.#options.log.warn({ err }, 'flush: the cache does not answer, keeping what is buffered')
    if (!away && this.#cacheAway) this.#options.log.info('flush: the cache answers again')
    this.#cacheAway = away
  }
}
