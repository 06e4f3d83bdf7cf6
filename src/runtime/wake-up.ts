/** Lets a loop sleep until another part has work for it. A call while the loop does not sleep has no effect, so the loop checks for work first. */
export class WakeUp {
  #wake: (() => void) | undefined

  call(): void {
    this.#wake?.()
  }

  /** Sleeps until `call`, or for `ms`. It happens for each batch at rest, so it needs no abort signal and no error. */
  async sleep(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, ms)
    this.#wake = resolve
    await promise
    clearTimeout(timer)
    this.#wake = undefined
  }
}
