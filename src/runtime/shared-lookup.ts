export interface SharedLookupOptions<T> {
  /** How long after the look-up began its answer also serves later callers, if several callers shared it. In ms. */
  readonly keptMs?: (answer: T) => number
  /** The monotonic clock, in ms. */
  readonly now?: () => number
}

interface Lookup<T> {
  readonly answer: Promise<T>
  callers: number
}

/**
 * Lets concurrent callers share one look-up. A caller that wants a `fresh` answer gets that of a look-up that begins after its
 * call: not the one in flight but the next, which all such callers share. Under load, other callers may get the answer of a look-up
 * that has just ended. A caller that is alone never does.
 */
export class SharedLookup<T> {
  readonly #look: () => Promise<T>
  readonly #keptMs: (answer: T) => number
  readonly #now: () => number
  #current: Lookup<T> | undefined
  #next: Promise<T> | undefined
  #kept: { readonly answer: Promise<T>; readonly untilMs: number } | undefined

  constructor(look: () => Promise<T>, options: SharedLookupOptions<T> = {}) {
    this.#look = look
    this.#keptMs = options.keptMs ?? (() => 0)
    this.#now = options.now ?? (() => performance.now())
  }

  get(fresh: boolean): Promise<T> {
    if (!fresh && this.#kept) {
      if (this.#now() < this.#kept.untilMs) return this.#kept.answer
      this.#kept = undefined
    }
    if (!this.#current) return this.#begin()
    if (!fresh) {
      this.#current.callers++
      return this.#current.answer
    }
    const begin = () => {
      this.#next = undefined
      return this.#begin()
    }
    this.#next ??= this.#current.answer.then(begin, begin)
    return this.#next
  }

  #begin(): Promise<T> {
    const beganMs = this.#now()
    const answer = this.#look().then(
      found => {
        this.#end(current)
        this.#kept = current.callers > 1 ? { answer, untilMs: beganMs + this.#keptMs(found) } : undefined
        return found
      },
      (error: unknown) => {
        this.#end(current)
        throw error
      },
    )
    const current: Lookup<T> = { answer, callers: 1 }
    this.#current = current
    return answer
  }

  #end(lookup: Lookup<T>): void {
    if (this.#current === lookup) this.#current = undefined
  }
}
