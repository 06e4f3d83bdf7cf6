import { wait } from '../runtime/wait.ts'
import { Batch } from './batch.ts'
import { QueueFullError } from './errors.ts'
import { LaneChoice } from './lane-choice.ts'
import type { RecorderMetrics } from './metrics.ts'
import type { PingRecorder, RequestedPing } from './pings.ts'
import { RecorderSlot, type SlotOptions } from './recorder-slot.ts'

export interface RecorderOptions extends Omit<SlotOptions, 'lanes'> {
  readonly metrics: RecorderMetrics
  /** Most pings of one transaction. */
  readonly maxBatchSize: number
  /** Most callers that may wait; more are refused. */
  readonly maxQueueLength: number
  /** While the oldest caller waits longer than this, more are refused. In ms. */
  readonly maxQueueAgeMs: number
  /** How long a caller waits; then it is told that the ping may or may not be recorded. In ms. */
  readonly answerWithinMs: number
  /** Lanes that are best taken: those that this server publishes. */
  readonly preferredLanes: () => readonly number[]
}

/** Two: while one batch waits for the disk the other is prepared; more gain nothing (measured). */
const BATCHES_IN_FLIGHT = 2
const RETRY_AFTER_MS = 1_000
const DRAIN_POLL_MS = 5

/**
 * Group commit: pings that come while batches are in flight share the next one. No wait is added when
 * idle. The queue is bounded by count and by age.
 */
export class Recorder implements PingRecorder {
  readonly #options: RecorderOptions
  readonly #slots: readonly RecorderSlot[]
  readonly #queue: Batch[] = []
  #callers = 0
  #scheduled = false

  constructor(options: RecorderOptions) {
    this.#options = options
    const lanes = new LaneChoice(options.preferredLanes)
    options.metrics.watchQueue(() => this.#callers)
    this.#slots = Array.from({ length: BATCHES_IN_FLIGHT }, () => new RecorderSlot({ ...options, lanes }))
  }

  /** True if a batch could be recorded now. */
  async isReady(): Promise<boolean> {
    return (await Promise.all(this.#slots.map(slot => slot.isReady()))).some(ready => ready)
  }

  record(ping: RequestedPing): Promise<void> {
    const refusal = this.#refusal()
    if (refusal) {
      this.#options.metrics.queueRefused()
      return Promise.reject(refusal)
    }
    const recorded = this.#fillingBatch().add(ping, BigInt(Date.now()))
    this.#callers++
    this.#schedule()
    return recorded
  }

  async recordAll(pings: readonly RequestedPing[]): Promise<readonly (Error | undefined)[]> {
    return Promise.all(pings.map(ping => this.record(ping).then(() => undefined, (error: Error) => error)))
  }

  /** Records what callers still wait for, then lets go of Postgres. The caller sees to it that nothing more comes. */
  async stop(): Promise<void> {
    const isAwaited = () => this.#queue.some(batch => !batch.expired) || this.#slots.some(slot => slot.awaited)
    while (isAwaited()) await wait(DRAIN_POLL_MS)
    await Promise.all(this.#slots.map(slot => slot.stop()))
  }

  #refusal(): QueueFullError | undefined {
    const { maxQueueLength, maxQueueAgeMs } = this.#options
    const oldest = this.#queue[0]
    const ageMs = oldest ? performance.now() - oldest.since : 0
    if (this.#callers < maxQueueLength && ageMs <= maxQueueAgeMs) return undefined
    return new QueueFullError(
      `too many pings wait: got ${this.#callers} of them, the oldest since ${Math.round(ageMs)} ms, expected fewer than ${maxQueueLength} and none above ${maxQueueAgeMs} ms; try again with the same ping_id`,
      RETRY_AFTER_MS,
    )
  }

  #fillingBatch(): Batch {
    const last = this.#queue.at(-1)
    if (last && !last.expired && last.size < this.#options.maxBatchSize) return last
    const batch = new Batch(performance.now(), this.#options.answerWithinMs)
    this.#queue.push(batch)
    return batch
  }

  /** At the end of this turn of the event loop, so that pings that arrived together go together. */
  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      for (const slot of this.#slots) if (!slot.busy) this.#send(slot)
    })
  }

  #send(slot: RecorderSlot): void {
    let batch = this.#queue.shift()
    while (batch?.expired) {
      this.#callers -= batch.callers // never sent, and its callers were told
      batch = this.#queue.shift()
    }
    if (!batch) return
    const { callers } = batch
    void slot.record(batch).then(() => {
      this.#callers -= callers
      this.#schedule()
    })
  }
}
