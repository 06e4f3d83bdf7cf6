import { wait } from '../runtime/wait.ts'

/** Lets a loop sleep until another part has work for it. A call while nobody sleeps does nothing: look for work first. */
export class WakeUp {
  #sleeping: AbortController | undefined

  call(): void {
    this.#sleeping?.abort()
  }

  /** Until it is called, or `ms` have passed. */
  async sleep(ms: number): Promise<void> {
    this.#sleeping = new AbortController()
    await wait(ms, this.#sleeping.signal)
    this.#sleeping = undefined
  }
}
