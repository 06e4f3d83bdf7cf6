/** What has to be undone, in reverse order, whatever happened. */
export class Teardown {
  readonly #steps: (() => unknown)[] = []
  #done: Promise<void> | undefined

  add(step: () => unknown): void {
    if (this.#done === undefined) this.#steps.push(step)
    else void Promise.try(step).catch(() => undefined) // it came up while all was being stopped
  }

  /** Runs every step, each after the one before has ended; a step that fails does not keep the others. */
  run(): Promise<void> {
    return (this.#done ??= this.#runAll())
  }

  async #runAll(): Promise<void> {
    for (const step of this.#steps.toReversed()) await Promise.try(step).catch(() => undefined)
  }
}
