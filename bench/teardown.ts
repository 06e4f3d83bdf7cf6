/** Steps that undo what a run has started, in reverse order, even after an error. */
export class Teardown {
  readonly #steps: (() => unknown)[] = []
  #done: Promise<void> | undefined

  add(step: () => unknown): void {
    if (this.#done === undefined) this.#steps.push(step)
    else void Promise.try(step).catch(() => undefined) // it started while everything was being stopped
  }

  /** Runs all steps one after the other; a step that fails does not keep the others from running. */
  run(): Promise<void> {
    return (this.#done ??= this.#runAll())
  }

  async #runAll(): Promise<void> {
    for (const step of this.#steps.toReversed()) await Promise.try(step).catch(() => undefined)
  }
}
