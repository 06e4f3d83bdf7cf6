/**
 * Lets concurrent callers share one look-up. A caller that wants `fresh` gets one that begins after its
 * call: not the one in flight, but the next, which all who wait by then share.
 */
export class SharedLookup<T> {
  readonly #look: () => Promise<T>
  #current: Promise<T> | undefined
  #next: Promise<T> | undefined

  constructor(look: () => Promise<T>) {
    this.#look = look
  }

  get(fresh: boolean): Promise<T> {
    if (!this.#current) return this.#begin()
    if (!fresh) return this.#current
    const begin = () => {
      this.#next = undefined
      return this.#begin()
    }
    this.#next ??= this.#current.then(begin, begin)
    return this.#next
  }

  #begin(): Promise<T> {
    const current = this.#look().finally(() => {
      if (this.#current === current) this.#current = undefined
    })
    this.#current = current
    return current
  }
}
