import { wait } from '../runtime/wait.ts'

/** Lets a loop sleep until another part has work for it. A call while nobody sleeps ends the next sleep at once. */
export class WakeUp {
  #isCalled = false
  #sleeping: AbortController | undefined

  call(): void {
    this.#isCalled = true
    this.#sleeping?.abort()
  }

  /** Until it is called, or `ms` have passed. */
  async sleep(ms: number): Promise<void> {
    if (!this.#isCalled) {
      this.#sleeping = new AbortController()
      await wait(ms, this.#sleeping.signal)
      this.#sleeping = undefined
    }
    this.#isCalled = false
  }
}
