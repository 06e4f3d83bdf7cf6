import { wait } from './wait.ts'

/** Lets a loop sleep until another part has work for it. A call while the loop does not sleep has no effect, so the loop checks for work first. */
export class WakeUp {
  #sleeping: AbortController | undefined

  call(): void {
    this.#sleeping?.abort()
  }

  /** Sleeps until `call`, or for `ms`. */
  async sleep(ms: number): Promise<void> {
    this.#sleeping = new AbortController()
    await wait(ms, this.#sleeping.signal)
    this.#sleeping = undefined
  }
}
