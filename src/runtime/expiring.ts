import { Line } from './line.ts'

/** What callers wait for. */
export interface Awaited {
  /** When the wait began, by performance.now(). */
  readonly since: number
  /** Answers the callers that still wait: it has taken too long. */
  expire(afterMs: number): void
}

/**
 * What callers wait for, oldest first, and one timer that expires what takes too long. Most of it is done within milliseconds: a timer
 * for each would cost more than all the rest of it.
 */
export class Expiring<Item extends Awaited> {
  readonly #answerWithinMs: number
  readonly #open = new Line<Item>()
  #timer: NodeJS.Timeout | undefined

  /** @param answerWithinMs maximum time that callers wait, in ms */
  constructor(answerWithinMs: number) {
    this.#answerWithinMs = answerWithinMs
  }

  get size(): number {
    return this.#open.size
  }

  /** How long the oldest has waited, in ms. */
  ageMs(nowMs: number): number {
    const { oldest } = this.#open
    return oldest === undefined ? 0 : nowMs - oldest.since
  }

  add(item: Item): void {
    this.#open.add(item)
    this.#timer ??= this.#start(this.#answerWithinMs)
  }

  delete(item: Item): void {
    this.#open.delete(item)
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #start(afterMs: number): NodeJS.Timeout {
    return setTimeout(() => this.#expire(), Math.max(1, Math.ceil(afterMs))).unref() // callers that wait keep the program running, not this timer
  }

  #expire(): void {
    this.#timer = undefined
    for (let item = this.#open.oldest; item !== undefined; item = this.#open.oldest) {
      const leftMs = item.since + this.#answerWithinMs - performance.now()
      if (leftMs > 0) {
        this.#timer = this.#start(leftMs)
        return
      }
      this.#open.delete(item)
      item.expire(this.#answerWithinMs)
    }
  }
}
