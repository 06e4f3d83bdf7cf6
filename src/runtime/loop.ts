/** Work that goes on from `start` until `stop`, each called once. */
export abstract class Loop {
  readonly #stopping = new AbortController()
  #running: Promise<void> = Promise.resolve()

  start(): void {
    this.#running = this.run(this.#stopping.signal)
  }

  /** Resolves when `run` has ended. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  /** Works until `signal` is aborted. Never rejects. */
  protected abstract run(signal: AbortSignal): Promise<void>
}
