import type { Waiter } from './batch.ts'

/** Settles one caller's promise. */
export class OneWaiter implements Waiter {
  readonly promise: Promise<void>
  #resolve!: () => void
  #reject!: (error: Error) => void

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  answer(_index: number, error: Error | undefined): void {
    if (error) this.#reject(error)
    else this.#resolve()
  }
}

/** Collects the outcomes of many pings by index, and settles one promise when the last has arrived. */
export class ManyWaiter implements Waiter {
  readonly promise: Promise<readonly (Error | undefined)[]>
  readonly #outcomes: (Error | undefined)[]
  #open: number
  #resolve!: (outcomes: readonly (Error | undefined)[]) => void

  constructor(count: number) {
    this.#outcomes = Array.from({ length: count }, () => undefined)
    this.#open = count
    this.promise = new Promise(resolve => (this.#resolve = resolve))
    if (count === 0) this.#resolve(this.#outcomes)
  }

  answer(index: number, error: Error | undefined): void {
    this.#outcomes[index] = error
    if (--this.#open === 0) this.#resolve(this.#outcomes)
  }
}
