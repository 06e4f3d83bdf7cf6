import type { Awaited } from '../../src/runtime/expiring.ts'
import { UnavailableError } from '../../src/transport/errors.ts'
import type { Outcome, Step } from '../terms/step.ts'
import type { Queued } from './fair-queue.ts'

/** For what a step needs besides its payload, in bytes. */
const STEP_BYTES = 300

/** A step and the caller that waits for its outcome. */
export class StepEntry implements Queued, Awaited {
  readonly step: Step
  /** When it arrived, by the monotonic clock, in ms. */
  readonly since: number
  readonly outcome: Promise<Outcome>
  readonly key: string
  readonly bytes: number
  #resolve!: (outcome: Outcome) => void
  #reject!: (error: Error) => void
  #isAnswered = false

  constructor(step: Step, nowMs: number) {
    this.step = step
    this.since = nowMs
    this.key = step.kind === 'limits' ? `limits ${step.resource}` : `command ${step.commandId}`
    this.bytes = STEP_BYTES + (step.kind === 'submit' ? step.payload.length : 0)
    this.outcome = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  get resource(): string {
    return this.step.resource
  }

  /** True once its caller has an outcome or an error. */
  get isAnswered(): boolean {
    return this.#isAnswered
  }

  settle(outcome: Outcome): void {
    this.#isAnswered = true
    this.#resolve(outcome)
  }

  fail(error: Error): void {
    this.#isAnswered = true
    this.#reject(error)
  }

  /** It took longer than `afterMs`. If it was sent, its batch continues. */
  expire(afterMs: number): void {
    if (this.#isAnswered) return
    this.fail(
      new UnavailableError(`not applied within ${afterMs} ms: the step may or may not be applied; try again with the same command id`),
    )
  }
}
