import { StepQueue, type StepQueueOptions } from '../../../semaphore/steps/step-queue.ts'
import type { ClientConfig } from '../../../src/postgres/pg-types.ts'
import { silent } from '../../ledger/ledger-fixture.ts'
import { DEFAULTS } from '../store/store-fixture.ts'

export interface TestQueue {
  readonly queue: StepQueue
  /** The number of steps of each committed batch, in order. */
  readonly batches: readonly number[]
  /** Number of grants. */
  grants(): number
  /** Number of retries of a batch. */
  retries(): number
  /** Number of refused steps. */
  refusals(): number
}

export function startQueue(postgres: ClientConfig, options: Partial<StepQueueOptions> = {}): TestQueue {
  const batches: number[] = []
  let [grants, retries, refusals] = [0, 0, 0]
  const metrics = {
    batchApplied: (batch: { readonly steps: number; readonly grants: number }) => {
      batches.push(batch.steps)
      grants += batch.grants
    },
    batchRetried: () => void retries++,
    stepRefused: () => void refusals++,
    watchSteps: () => undefined,
  }
  const queue = new StepQueue({
    postgres,
    log: silent,
    metrics,
    defaults: DEFAULTS,
    graceMs: 0,
    maxPayloadBytes: 65_536,
    maxBatchSize: 500,
    maxQueueLength: 10_000,
    maxQueueAgeMs: 30_000,
    answerWithinMs: 30_000,
    onApplied: () => undefined,
    ...options,
  })
  return { queue, batches, grants: () => grants, retries: () => retries, refusals: () => refusals }
}
