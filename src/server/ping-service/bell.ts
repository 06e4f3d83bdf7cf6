/** Wakes up one waiter. A ring without a waiter is kept for the next wait. */
export class Bell {
  #rung = false
  #answer: (() => void) | undefined

  ring(): void {
    this.#rung = true
    this.#answer?.()
  }

  async wait(): Promise<void> {
    if (!this.#rung) {
      await new Promise<void>(resolve => {
        this.#answer = resolve
      })
      this.#answer = undefined
    }
    this.#rung = false
  }
}
