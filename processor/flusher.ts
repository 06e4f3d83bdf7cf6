import type { Duplex } from 'node:stream'
import type { Cache } from '../src/counters/connect.ts'
import { compareAndSet, type FlushOutcome, type HashShape, type LaneFlush } from '../src/counters/flush.ts'
import type { Logger } from '../src/runtime/logger.ts'
import type { FlushTracing, LaneOutcome } from './flush-tracing.ts'
import type { LaneBuffer, Received } from './lane-buffer.ts'
import type { Lanes } from './lanes.ts'
import type { ProcessorMetrics } from './metrics.ts'
import type { WantedWork } from './wanted-work.ts'

export interface FlusherOptions {
  readonly cache: Cache
  readonly lanes: Lanes
  /** Gets the requests for an incomplete hash, a malformed field, and a lane that cannot go on from its events. */
  readonly wanted: WantedWork
  readonly log: Logger
  readonly metrics: ProcessorMetrics
  /** Undefined: no spans are recorded. */
  readonly flushTracing?: FlushTracing | undefined
  readonly maxMinutes: number
  /** Flush as soon as this many events are buffered, over all lanes. */
  readonly flushRecords: number
  /** Flush as soon as this long has passed since the last flush. In ms. */
  readonly flushIntervalMs: number
}

/** Buffers events by lane and writes them to the cache: by count, or by timer, whichever comes first. */
export class Flusher {
  readonly #options: FlusherOptions
  #writing: Promise<unknown> | undefined
  #timer: NodeJS.Timeout | undefined
  #flushedMs = -Infinity
  #cacheIsDown = false
  #stopped = false
  /** How many more events can be accepted before the buffers have to be summed up again. */
  #room = 0

  constructor(options: FlusherOptions) {
    this.#options = options
  }

  /** Takes an event into the buffer of its lane, if it is the next one there. */
  receive(received: Received): void {
    const { lanes, metrics, wanted } = this.#options
    const lane = lanes.get(received.event.lane)
    if (!lane) {
      received.record.done = true // no such lane: forged, or of a ledger that this is not
      return metrics.received('foreign')
    }
    const verdict = lane.accept(received)
    metrics.received(verdict)
    if (verdict === 'refused') wanted.wantCatchUp(lane, 'an event does not follow on')
    if (verdict !== 'accepted') return
    this.#room--
    this.#setTimer()
  }

  /** True if enough is buffered for a flush. */
  get isFull(): boolean {
    if (this.#room > 0) return false
    this.#room = this.#options.flushRecords - this.#options.lanes.pending()
    return this.#room <= 0
  }

  /** Minimum time, in ms, until the timer flushes what is accepted from now on: 0 after a quiet interval, but one interval if events are buffered. */
  get untilFlushMs(): number {
    const dueMs = this.#dueMs()
    if (dueMs > 0) return dueMs
    return this.#options.lanes.pending() > 0 ? this.#options.flushIntervalMs : 0
  }

  /** Writes all lanes. Events that are accepted during the flush wait for the next one. False if the cache did not take all. */
  async flush(): Promise<boolean> {
    return this.#alone(async () => {
      this.#flushedMs = performance.now()
      for (;;) {
        const flushes = this.#options.lanes.map(lane => lane.take())
        // What did not fit into the flush has waited as long as what did.
        const isCut = flushes.some(flush => flush !== undefined && this.#options.lanes.get(flush.lane)!.pending > 0)
        const outcomes = await this.#write(flushes)
        if (outcomes.includes('kept')) return false
        if (!isCut && !outcomes.includes('moved')) return true
      }
    })
  }

  /** Moves `asof` of the lanes that have nothing to flush. */
  async writeAsof(lanes: readonly LaneBuffer[]): Promise<void> {
    await this.#alone(() => this.#write(lanes.map(lane => lane.takeAsof())))
  }

  /** Writes what is buffered, once. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.flush()
    clearTimeout(this.#timer)
  }

  /**
   * Makes the timer flush what is buffered, without waiting for the next event: at once after a quiet
   * interval, otherwise at the end of the interval.
   */
  schedule(): void {
    this.#room = 0 // what waits came in by another way
    this.#setTimer()
  }

  #setTimer(): void {
    if (this.#timer || this.#stopped) return
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined
        void this.flush()
      },
      Math.max(0, this.#dueMs()),
    )
  }

  /** Time until the interval since the last flush is over, in ms; 0 or less if it is over. */
  #dueMs(): number {
    return this.#flushedMs + this.#options.flushIntervalMs - performance.now()
  }

  /** One write at a time: a second one would skip the lanes that are busy. What stays in the buffers is scheduled. */
  async #alone<T>(write: () => Promise<T>): Promise<T> {
    while (this.#writing) await this.#writing
    const writing = write()
    this.#writing = writing
    try {
      return await writing
    } finally {
      this.#writing = undefined
      this.#room = 0
      if (this.#options.lanes.pending() > 0) this.schedule()
    }
  }

  async #write(wanted: readonly (LaneFlush | undefined)[]): Promise<readonly LaneOutcome[]> {
    const { lanes, flushTracing } = this.#options
    const flushes = wanted.filter(flush => flush !== undefined)
    const trace = flushTracing?.begin(flushes.map(flush => ({ flush, traced: lanes.get(flush.lane)!.tracedIn(flush) })))
    // All lanes leave in one system call.
    const stream = this.#options.cache.stream as Duplex | undefined
    stream?.cork()
    const writes = flushes.map(flush => this.#writeLane(flush))
    stream?.uncork()
    const outcomes = await Promise.all(writes)
    trace?.end(outcomes)
    return outcomes
  }

  async #writeLane(flush: LaneFlush): Promise<LaneOutcome> {
    const { cache, lanes, maxMinutes, metrics, wanted } = this.#options
    const lane = lanes.get(flush.lane)!
    const outcome = await this.#compareAndSet(cache, flush, { lanes: lanes.count, maxMinutes })
    if (outcome === undefined) {
      lane.unanswered()
      return 'kept'
    }
    metrics.flushed(outcome.kind, Number(flush.end.seq - flush.start.seq))
    switch (outcome.kind) {
      case 'applied':
        lane.flushed(flush)
        return 'written'
      case 'moved':
        lane.movedTo(outcome.to)
        if (lane.needsCatchUp) wanted.wantCatchUp(lane, 'the cache moved elsewhere')
        return 'moved'
      case 'incomplete':
        lane.unanswered()
        wanted.wantTick() // it finds what is missing
        return 'kept'
      case 'malformed':
        lane.unanswered()
        wanted.wantRebuild(`${outcome.field} is malformed`) // ticks do not read every field
        return 'kept'
    }
  }

  /** Undefined if the cache does not answer: the flush may or may not be in. */
  async #compareAndSet(cache: Cache, flush: LaneFlush, shape: HashShape): Promise<FlushOutcome | undefined> {
    try {
      const outcome = await compareAndSet(cache, flush, shape)
      this.#reportCache(undefined)
      return outcome
    } catch (err) {
      this.#reportCache(err)
      return undefined
    }
  }

  #reportCache(err: unknown): void {
    const isDown = err !== undefined
    if (isDown && !this.#cacheIsDown) this.#options.log.warn({ err }, 'flush: the cache does not answer; the events stay buffered')
    if (!isDown && this.#cacheIsDown) this.#options.log.info('flush: the cache answers again')
    this.#cacheIsDown = isDown
  }
}
