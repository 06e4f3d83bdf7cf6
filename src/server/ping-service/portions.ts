import { Bell } from './bell.ts'

export interface PortionsOptions<Item, Result> {
  /** Starts the work on items. Resolves to one result per item, in their order. A rejection cuts the portions. */
  readonly work: (items: readonly Item[]) => Promise<readonly Result[]>
  /** Maximum number of open items: those whose results are missing or not yet returned. No more are taken while it is reached. */
  readonly maxOpen: number
  /** Items that arrive in one turn of the event loop form one portion, up to this many. */
  readonly maxPortion: number
}

/** Items whose work was started together. */
interface Portion<Result> {
  results: readonly Result[] | undefined
}

/** Turns items into results, in the order of the items, with a bounded number of open items. */
export class Portions<Item, Result> {
  readonly #options: PortionsOptions<Item, Result>
  /** Started portions, oldest first. */
  readonly #begun: Portion<Result>[] = []
  readonly #changed = new Bell()
  readonly #room = new Bell()
  #filling: Item[] = []
  #open = 0
  #end: { readonly error: unknown } | undefined
  #cut: { readonly error: unknown } | undefined

  constructor(options: PortionsOptions<Item, Result>) {
    this.#options = options
  }

  /** Takes items. Resolves when there is room for more; to false if no more are taken. */
  async add(items: readonly Item[]): Promise<boolean> {
    if (this.#end !== undefined) return false
    this.#open += items.length
    if (this.#filling.length === 0 && items.length > 0) setImmediate(() => this.#begin())
    for (const item of items) this.#filling.push(item)
    if (this.#filling.length >= this.#options.maxPortion) this.#begin()
    while (this.#open >= this.#options.maxOpen && this.#end === undefined) await this.#room.wait()
    return this.#end === undefined
  }

  /** Stops taking items. `error`, if given, is thrown after the last results. Only the first end counts. */
  end(error?: unknown): void {
    this.#end ??= { error }
    this.#changed.ring()
    this.#room.ring()
  }

  /** Stops taking items and returning results: `error` is thrown at once. */
  cut(error: unknown): void {
    this.#cut ??= { error }
    this.end(error)
  }

  /** The results of the next items, or undefined if there are no more. Call it when the previous results have been sent. */
  async next(): Promise<readonly Result[] | undefined> {
    for (;;) {
      if (this.#cut !== undefined) throw this.#cut.error
      const results = this.#takeResults()
      if (results.length > 0) {
        this.#open -= results.length
        this.#room.ring()
        return results
      }
      if (this.#end !== undefined && this.#begun.length === 0 && this.#filling.length === 0) {
        if (this.#end.error !== undefined) throw this.#end.error
        return undefined
      }
      await this.#changed.wait()
    }
  }

  /** The results of the next finished portions, up to the maximum of one portion. */
  #takeResults(): readonly Result[] {
    const { maxPortion } = this.#options
    const first = this.#begun[0]
    if (first?.results === undefined) return []
    if (first.results.length > maxPortion) {
      const some = first.results.slice(0, maxPortion)
      first.results = first.results.slice(maxPortion)
      return some
    }
    const taken: Result[] = []
    for (let portion = this.#begun[0]; portion?.results !== undefined; portion = this.#begun[0]) {
      if (taken.length + portion.results.length > maxPortion) break
      for (const result of portion.results) taken.push(result)
      this.#begun.shift()
    }
    return taken
  }

  #begin(): void {
    const items = this.#filling
    if (items.length === 0) return
    this.#filling = []
    const portion: Portion<Result> = { results: undefined }
    this.#begun.push(portion)
    void this.#options.work(items).then(
      results => {
        portion.results = results
        if (portion === this.#begun[0]) this.#changed.ring()
      },
      (error: unknown) => this.cut(error),
    )
  }
}
