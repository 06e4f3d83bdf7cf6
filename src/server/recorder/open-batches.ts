import type { Batch } from './batch.ts'

/**
 * The batches that are not settled, oldest first, and one timer that answers their callers when a batch takes too long. Most
 * batches are settled within 1 ms: a timer for each would cost more than all the rest of it.
 */
export class OpenBatches {
  readonly #answerWithinMs: number
  readonly #open = new Set<Batch>()
  #timer: NodeJS.Timeout | undefined

  /** @param answerWithinMs maximum time that callers wait, in ms */
  constructor(answerWithinMs: number) {
    this.#answerWithinMs = answerWithinMs
  }

  add(batch: Batch): void {
    this.#open.add(batch)
    this.#timer ??= this.#start(this.#answerWithinMs)
  }

  delete(batch: Batch): void {
    this.#open.delete(batch)
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #start(afterMs: number): NodeJS.Timeout {
    return setTimeout(() => this.#expire(), Math.max(1, Math.ceil(afterMs))).unref() // callers that wait keep the program running, not this timer
  }

  #expire(): void {
    this.#timer = undefined
    for (const batch of this.#open) {
      const leftMs = batch.since + this.#answerWithinMs - performance.now()
      if (leftMs > 0) {
        this.#timer = this.#start(leftMs)
        return
      }
      this.#open.delete(batch)
      batch.expire(this.#answerWithinMs)
    }
  }
}
