import { Backoff } from '../../src/runtime/retry.ts'
import { wait } from '../../src/runtime/wait.ts'
import type { Outcome, Step, Steps } from '../terms/step.ts'

const FIRST_PAUSE_MS = 50
const MAX_PAUSE_MS = 1_000

export interface PatientStepsOptions {
  readonly steps: Steps
  /** True if the same step may succeed later. */
  readonly isRetried: (error: unknown) => boolean
  /** Aborting it rejects what is not applied. */
  readonly signal: AbortSignal
}

interface Held {
  readonly number: number
  readonly step: Step
  readonly settle: PromiseWithResolvers<Outcome>
}

/**
 * Runs each step until it is applied, however long Postgres is unreachable. Once a step has failed, it and the later steps of its
 * resource run one after the other, so that a resource's steps stay in their order.
 */
export class PatientSteps {
  readonly #options: PatientStepsOptions
  /** By resource: the steps that wait until an earlier one is applied. */
  readonly #lines = new Map<string, Held[]>()
  #lastNumber = 0

  constructor(options: PatientStepsOptions) {
    this.#options = options
  }

  /** Resolves when the step is applied. Rejects if no retry can succeed, or at a stop. */
  run(step: Step): Promise<Outcome> {
    const held: Held = { number: ++this.#lastNumber, step, settle: Promise.withResolvers() }
    const line = this.#lines.get(step.resource)
    if (line) line.push(held)
    else void this.#runAtOnce(held)
    return held.settle.promise
  }

  async #runAtOnce(held: Held): Promise<void> {
    if (await this.#settles(held)) return
    const { resource } = held.step
    const line = this.#lines.get(resource)
    if (line === undefined) {
      this.#lines.set(resource, [held])
      await this.#workOff(resource)
      return
    }
    const later = line.findIndex(({ number }) => number > held.number)
    line.splice(later < 0 ? line.length : later, 0, held)
  }

  async #workOff(resource: string): Promise<void> {
    const { signal } = this.#options
    const line = this.#lines.get(resource)!
    const pause = new Backoff(FIRST_PAUSE_MS, MAX_PAUSE_MS)
    while (line.length > 0 && !signal.aborted) {
      await wait(pause.next(), signal)
      while (line.length > 0 && !signal.aborted) {
        const first = line[0]!
        if (!(await this.#settles(first))) break
        line.splice(line.indexOf(first), 1)
        pause.reset()
      }
    }
    this.#lines.delete(resource)
    for (const { settle } of line) settle.reject(stopped())
  }

  /** False if the step has to be tried again. */
  async #settles({ step, settle }: Held): Promise<boolean> {
    const { steps, isRetried, signal } = this.#options
    if (signal.aborted) {
      settle.reject(stopped())
      return true
    }
    try {
      settle.resolve(await steps.run(step))
      return true
    } catch (error) {
      if (isRetried(error)) return false
      settle.reject(error)
      return true
    }
  }
}

function stopped(): Error {
  return new Error('stopped before the step was applied')
}
