import type { StepEntry } from './step-entry.ts'

/**
 * The steps whose callers wait, oldest first, and one timer that answers callers that have waited too long. Most steps are applied within
 * milliseconds: a timer for each would cost more than all the rest of it.
 */
export class OpenSteps {
  readonly #answerWithinMs: number
  readonly #open = new Set<StepEntry>()
  #timer: NodeJS.Timeout | undefined

  /** @param answerWithinMs maximum time that callers wait, in ms */
  constructor(answerWithinMs: number) {
    this.#answerWithinMs = answerWithinMs
  }

  get size(): number {
    return this.#open.size
  }

  get isAwaited(): boolean {
    return this.#open.size > 0
  }

  /** How long the oldest has waited, in ms. */
  ageMs(nowMs: number): number {
    for (const oldest of this.#open) return nowMs - oldest.since
    return 0
  }

  add(entry: StepEntry): void {
    this.#open.add(entry)
    this.#timer ??= this.#start(this.#answerWithinMs)
  }

  delete(entry: StepEntry): void {
    this.#open.delete(entry)
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #start(afterMs: number): NodeJS.Timeout {
    return setTimeout(() => this.#expire(), Math.max(1, Math.ceil(afterMs))).unref() // callers that wait keep the program running, not this timer
  }

  #expire(): void {
    this.#timer = undefined
    for (const entry of this.#open) {
      const leftMs = entry.since + this.#answerWithinMs - performance.now()
      if (leftMs > 0) {
        this.#timer = this.#start(leftMs)
        return
      }
      this.#open.delete(entry)
      if (!entry.isAnswered) entry.expire(this.#answerWithinMs)
    }
  }
}
