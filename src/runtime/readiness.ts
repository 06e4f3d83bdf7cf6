/** Whether a program can do its work, for probes and for health watchers. Starts as not ready. */
export class Readiness {
  #reason: string | undefined
  readonly #waiting = new Set<() => void>()

  constructor(reason = 'starting') {
    this.#reason = reason
  }

  /** Why the program is not ready; undefined when it is. */
  get reason(): string | undefined {
    return this.#reason
  }

  get isReady(): boolean {
    return this.#reason === undefined
  }

  ready(): void {
    this.#become(undefined)
  }

  notReady(reason: string): void {
    this.#become(reason)
  }

  /** Resolves at the next change between ready and not ready, or when `signal` is aborted. */
  change(signal: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      const done = (): void => {
        this.#waiting.delete(done)
        signal.removeEventListener('abort', done)
        resolve()
      }
      this.#waiting.add(done)
      if (signal.aborted) done()
      else signal.addEventListener('abort', done)
    })
  }

  #become(reason: string | undefined): void {
    const changed = this.isReady !== (reason === undefined)
    this.#reason = reason
    if (changed) this.#waiting.forEach(done => done())
  }
}
