import { UnavailableError } from '../src/transport/errors.ts'
import type { StepOutcomeMetrics } from './metrics.ts'
import type { OutcomeOf, Step, Steps } from './terms/step.ts'

/** The way of all steps: it refuses them until the database is set up, and counts their outcomes. */
export class StepGate implements Steps {
  readonly #steps: Steps
  readonly #metrics: StepOutcomeMetrics
  #isOpen = false

  constructor(steps: Steps, metrics: StepOutcomeMetrics) {
    this.#steps = steps
    this.#metrics = metrics
  }

  open(): void {
    this.#isOpen = true
  }

  async run<S extends Step>(step: S): Promise<OutcomeOf[S['kind']]> {
    if (!this.#isOpen) throw new UnavailableError('the semaphore is starting and waiting for Postgres; try again with the same command id')
    const outcome = await this.#steps.run(step)
    this.#metrics.stepTaken(step.kind, outcome.outcome)
    return outcome
  }
}
