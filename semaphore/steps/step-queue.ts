import { crc32 } from 'node:zlib'
import { Expiring } from '../../src/runtime/expiring.ts'
import { wait } from '../../src/runtime/wait.ts'
import { QueueFullError, UseCaseError } from '../../src/transport/errors.ts'
import type { OutcomeOf, Step, Steps } from '../terms/step.ts'
import { stepFault } from './check-step.ts'
import { FairQueue } from './fair-queue.ts'
import { StepEntry } from './step-entry.ts'
import { StepWorker, type WorkerOptions } from './step-worker.ts'

export interface StepQueueOptions extends WorkerOptions {
  /** Maximum size of a command, in bytes. */
  readonly maxPayloadBytes: number
  /** Maximum number of steps in one transaction. */
  readonly maxBatchSize: number
  /** Maximum number of steps that wait for their outcome; further steps are refused. */
  readonly maxQueueLength: number
  /** While the oldest step has waited longer than this, further steps are refused. In ms. */
  readonly maxQueueAgeMs: number
  /** Maximum time that a caller waits, in ms. After that it gets the error that the step may or may not be applied. */
  readonly answerWithinMs: number
}

/** The step is not valid: nothing was applied. */
export class InvalidStepError extends UseCaseError {
  override readonly name = 'InvalidStepError'
  readonly kind = 'invalid'
}

/** While one waits for the disk, the other is prepared. Each has half of the lanes. */
const WORKERS = 2
/** The memory of a batch, here and in Postgres. */
const MAX_BATCH_BYTES = 4_000_000
const RETRY_AFTER_MS = 1_000
const DRAIN_POLL_MS = 5

/**
 * Group commit: steps that arrive while a batch of their lane is in flight share the next one. No wait is added when idle. The queue is
 * bounded by count and by age.
 */
export class StepQueue implements Steps {
  readonly #options: StepQueueOptions
  readonly #workers: readonly WorkerQueue[]
  readonly #open: Expiring<StepEntry>

  constructor(options: StepQueueOptions) {
    this.#options = options
    this.#open = new Expiring(options.answerWithinMs)
    this.#workers = Array.from({ length: WORKERS }, (_, index) => new WorkerQueue(options, index))
    options.metrics.watchSteps(() => this.#open.size)
  }

  /** True if a batch could be applied now. */
  async isReady(): Promise<boolean> {
    return (await Promise.all(this.#workers.map(({ worker }) => worker.isReady()))).every(Boolean)
  }

  async run<S extends Step>(step: S): Promise<OutcomeOf[S['kind']]> {
    const fault = stepFault(step, this.#options)
    if (fault) throw new InvalidStepError(fault)
    const nowMs = performance.now()
    this.#refuseIfFull(nowMs)
    const entry = new StepEntry(step, nowMs)
    this.#open.add(entry)
    this.#workers[workerOf(step.resource)]!.add(entry)
    try {
      return (await entry.outcome) as OutcomeOf[S['kind']]
    } finally {
      this.#open.delete(entry)
    }
  }

  /** Frees the slots whose leases have ended, and makes the grants that a rate has held back. Resolves after the commit. */
  async tick(): Promise<void> {
    await Promise.all(this.#workers.map(queue => queue.addChores(true, [])))
  }

  /** Makes the grants that are due for these resources, as after a change of the defaults. Resolves after the commit. */
  async touch(resources: readonly string[]): Promise<void> {
    const ofWorkers = Map.groupBy(resources, workerOf)
    await Promise.all([...ofWorkers].map(([index, touched]) => this.#workers[index]!.addChores(false, touched)))
  }

  /** Applies what callers still wait for, then disconnects. No step may be given to it after this call. */
  async stop(): Promise<void> {
    while (this.#open.size > 0) await wait(DRAIN_POLL_MS)
    this.#open.stop()
    await Promise.all(this.#workers.map(({ worker }) => worker.stop()))
  }

  #refuseIfFull(nowMs: number): void {
    const { maxQueueLength, maxQueueAgeMs, metrics } = this.#options
    const ageMs = this.#open.ageMs(nowMs)
    if (this.#open.size < maxQueueLength && ageMs <= maxQueueAgeMs) return
    metrics.stepRefused()
    throw new QueueFullError(
      `too many steps are waiting: got ${this.#open.size}, the oldest for ${Math.round(ageMs)} ms, expected fewer than ${maxQueueLength} and at most ${maxQueueAgeMs} ms; try again with the same command id`,
      RETRY_AFTER_MS,
    )
  }
}

/** All lanes of a resource's worker are even, or all are odd: see `laneOf`. */
function workerOf(resource: string): number {
  return crc32(resource) % WORKERS
}

/** The steps and chores that wait for one worker. */
class WorkerQueue {
  readonly worker: StepWorker
  readonly #maxCount: number
  readonly #queue = new FairQueue<StepEntry>()
  #chores: Promised | undefined
  #isScheduled = false
  #isBusy = false

  constructor(options: StepQueueOptions, index: number) {
    this.worker = new StepWorker(options, index, WORKERS)
    this.#maxCount = options.maxBatchSize
  }

  add(entry: StepEntry): void {
    this.#queue.add(entry)
    this.#schedule()
  }

  addChores(isTick: boolean, touched: readonly string[]): Promise<void> {
    this.#chores ??= new Promised()
    this.#chores.isTick ||= isTick
    this.#chores.touched.push(...touched)
    this.#schedule()
    return this.#chores.promise
  }

  /** At the end of this turn of the event loop, so that steps that arrive together share a batch. */
  #schedule(): void {
    if (this.#isScheduled || this.#isBusy) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      void this.#work()
    })
  }

  async #work(): Promise<void> {
    if (this.#isBusy) return
    this.#isBusy = true
    while (this.#queue.length > 0 || this.#chores) {
      const chores = this.#chores
      this.#chores = undefined
      // What has expired was never sent, and its caller has an error.
      const entries = this.#queue.take({ maxCount: this.#maxCount, maxBytes: MAX_BATCH_BYTES }).filter(entry => !entry.isAnswered)
      if (entries.length > 0 || chores) await this.worker.apply(entries, chores ?? { isTick: false, touched: [] })
      chores?.resolve()
    }
    this.#isBusy = false
  }
}

/** Chores, and those who wait for them. */
class Promised {
  isTick = false
  readonly touched: string[] = []
  readonly promise: Promise<void>
  resolve!: () => void

  constructor() {
    this.promise = new Promise(resolve => (this.resolve = resolve))
  }
}
