import { SharedLookup, type SharedLookupOptions } from '../../runtime/shared-lookup.ts'

export interface SharedQuestionsOptions<T> extends SharedLookupOptions<T> {
  /** Maximum number of questions that are remembered. The one that was asked least recently is forgotten: its callers still get their answer. */
  readonly max: number
}

/** Lets concurrent callers of the same question share one look-up, as `SharedLookup` does for one question. */
export class SharedQuestions<T> {
  readonly #options: SharedQuestionsOptions<T>
  /** The question that was asked last comes last. */
  readonly #lookups = new Map<string, SharedLookup<T>>()

  constructor(options: SharedQuestionsOptions<T>) {
    this.#options = options
  }

  /** `look` must answer the question that `key` names. `fresh` as in `SharedLookup`. */
  ask(key: string, fresh: boolean, look: () => Promise<T>): Promise<T> {
    const lookup = this.#lookups.get(key) ?? new SharedLookup(look, this.#options)
    this.#lookups.delete(key)
    this.#lookups.set(key, lookup)
    if (this.#lookups.size > this.#options.max) this.#lookups.delete(this.#lookups.keys().next().value!)
    return lookup.get(fresh)
  }
}
