import { Expiring } from '../../runtime/expiring.ts'
import { wait } from '../../runtime/wait.ts'
import { QueueFullError } from '../../transport/errors.ts'
import { Batch, type Waiter } from './batch.ts'
import { Crowd } from './crowd.ts'
import { LaneChoice } from './lane-choice.ts'
import type { PingRecorder, RequestedPing } from './ping-recorder.ts'
import type { RecorderMetrics } from './recorder-metrics.ts'
import { RecorderSlot, type SlotOptions } from './recorder-slot.ts'
import { ManyWaiter, OneWaiter } from './waiters.ts'

export interface RecorderOptions extends Omit<SlotOptions, 'lanes'> {
  readonly metrics: RecorderMetrics
  /** Maximum number of pings in one transaction. */
  readonly maxBatchSize: number
  /** Maximum number of pings that wait; further pings are refused. */
  readonly maxQueueLength: number
  /** While the oldest ping in the queue has waited longer than this, further pings are refused. In ms. */
  readonly maxQueueAgeMs: number
  /** Maximum time that a caller waits, in ms. After that it gets the error that the ping may or may not be recorded. */
  readonly answerWithinMs: number
  /** The lanes to prefer: those that this server publishes. */
  readonly preferredLanes: () => readonly number[]
}

/** While one batch waits for the disk, the other is prepared. More than two gain nothing (measured). */
const BATCHES_IN_FLIGHT = 2
const RETRY_AFTER_MS = 1_000
const DRAIN_POLL_MS = 5
/** Maximum time that pings wait for others while a batch is in flight. */
const GATHER_MS = 2

/**
 * Group commit: pings that arrive while batches are in flight share the next batch. No wait is added when idle. The queue is
 * bounded by count and by age.
 */
export class Recorder implements PingRecorder {
  readonly #options: RecorderOptions
  readonly #slots: readonly RecorderSlot[]
  readonly #queue: Batch[] = []
  readonly #open: Expiring<Batch>
  readonly #crowd = new Crowd()
  /** Pings whose callers wait, in the queue and in flight. */
  #callers = 0
  /** Pings in the queue. */
  #queued = 0
  #inFlight = 0
  #scheduled = false
  #isGathering = false

  constructor(options: RecorderOptions) {
    this.#options = options
    this.#open = new Expiring(options.answerWithinMs)
    const lanes = new LaneChoice(options.preferredLanes)
    options.metrics.watchQueue(() => this.#callers)
    this.#slots = Array.from({ length: BATCHES_IN_FLIGHT }, () => new RecorderSlot({ ...options, lanes }))
  }

  /** True if a batch could be recorded now. */
  async isReady(): Promise<boolean> {
    return (await Promise.all(this.#slots.map(slot => slot.isReady()))).some(ready => ready)
  }

  record(ping: RequestedPing): Promise<void> {
    const waiter = new OneWaiter()
    const refusal = this.#refusal()
    if (refusal) this.#refuse(0, waiter, refusal)
    else this.#take(ping, BigInt(Date.now()), waiter)
    this.#schedule()
    return waiter.promise
  }

  recordAll(pings: readonly RequestedPing[]): Promise<readonly (Error | undefined)[]> {
    const waiter = new ManyWaiter(pings.length)
    const clockMs = BigInt(Date.now())
    let refusal: QueueFullError | undefined // shared by all the rest: a thousand errors take 10 ms
    for (const [index, ping] of pings.entries()) {
      refusal ??= this.#refusal()
      if (refusal) this.#refuse(index, waiter, refusal)
      else this.#take(ping, clockMs, waiter, index)
    }
    this.#schedule()
    return waiter.promise
  }

  /** Records what callers still wait for, then disconnects. No ping may be given to it after this call. */
  async stop(): Promise<void> {
    const isAwaited = () => this.#queue.some(batch => !batch.expired) || this.#slots.some(slot => slot.awaited)
    while (isAwaited()) await wait(DRAIN_POLL_MS)
    this.#open.stop()
    await Promise.all(this.#slots.map(slot => slot.stop()))
  }

  #refusal(): QueueFullError | undefined {
    const { maxQueueLength, maxQueueAgeMs } = this.#options
    const oldest = this.#queue[0]
    const ageMs = oldest ? performance.now() - oldest.since : 0
    if (this.#callers < maxQueueLength && ageMs <= maxQueueAgeMs) return undefined
    return new QueueFullError(
      `too many pings are waiting: got ${this.#callers}, the oldest for ${Math.round(ageMs)} ms, expected fewer than ${maxQueueLength} and at most ${maxQueueAgeMs} ms; try again with the same ping_id`,
      RETRY_AFTER_MS,
    )
  }

  #refuse(index: number, waiter: Waiter, refusal: QueueFullError): void {
    this.#options.metrics.queueRefused()
    waiter.answer(index, refusal)
  }

  #take(ping: RequestedPing, clockMs: bigint, waiter: Waiter, index = 0): void {
    this.#fillingBatch().add(ping, clockMs, waiter, index)
    this.#callers++
    this.#queued++
  }

  #fillingBatch(): Batch {
    const last = this.#queue.at(-1)
    if (last && !last.expired && last.callers < this.#options.maxBatchSize) return last
    const batch = new Batch(performance.now())
    this.#queue.push(batch)
    this.#open.add(batch)
    return batch
  }

  /** Sends at the end of this turn of the event loop, so that pings that arrived together share a batch. */
  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#sendWhatIsDue()
    })
  }

  #sendWhatIsDue(): void {
    for (const slot of this.#slots) {
      if (slot.busy) continue
      const oldest = this.#nextBatch()
      if (!oldest) return
      const isFull = oldest.callers >= this.#options.maxBatchSize
      const hasWaited = performance.now() - oldest.since >= GATHER_MS
      if (!isFull && !hasWaited && !this.#crowd.isGathered(this.#queued, this.#inFlight)) return this.#sendLater()
      this.#send(slot)
    }
  }

  #sendLater(): void {
    if (this.#isGathering) return
    this.#isGathering = true
    setTimeout(() => {
      this.#isGathering = false
      this.#sendWhatIsDue()
    }, GATHER_MS)
  }

  /** The first batch in the queue that has not expired. Expired ones were never sent, and their callers have an error. */
  #nextBatch(): Batch | undefined {
    while (this.#queue[0]?.expired) this.#leaveQueue()
    return this.#queue[0]
  }

  #leaveQueue(): Batch {
    const batch = this.#queue.shift()!
    this.#queued -= batch.callers
    if (batch.expired) this.#callers -= batch.callers
    return batch
  }

  #send(slot: RecorderSlot): void {
    const batch = this.#leaveQueue()
    this.#crowd.sent(this.#callers)
    this.#inFlight++
    void slot.record(batch).then(() => {
      this.#inFlight--
      this.#callers -= batch.callers
      this.#open.delete(batch)
      this.#schedule()
    })
  }
}
