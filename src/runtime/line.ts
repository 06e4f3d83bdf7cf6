const PLACE = Symbol('place in a line')

/** An object that can be in one line at a time. */
export interface InLine {
  [PLACE]?: Place | undefined
}

interface Place {
  readonly item: InLine
  older: Place | undefined
  newer: Place | undefined
}

/**
 * Objects in the order in which they came, for work that begins and ends thousands of times a second. A Set would do, but for V8's
 * garbage collector: each time the table of a Set is full, a new one replaces it, and the old one keeps a reference to the new one, and
 * to what was in it. Once one of them has got old, all later ones, and most of what was ever in the Set, survive until the next full
 * collection. Here, what has left refers to nothing.
 */
export class Line<Item extends object> {
  #oldest: Place | undefined
  #newest: Place | undefined
  #size = 0

  get size(): number {
    return this.#size
  }

  get oldest(): Item | undefined {
    return this.#oldest?.item as Item | undefined
  }

  /** A copy, oldest first. */
  items(): readonly Item[] {
    const items: Item[] = []
    for (let place = this.#oldest; place !== undefined; place = place.newer) items.push(place.item as Item)
    return items
  }

  /** Adds what is in no line. Throws if it is in one. */
  add(item: Item & InLine): void {
    if (item[PLACE] !== undefined) throw new Error('line: the object is in a line already')
    const place: Place = { item, older: this.#newest, newer: undefined }
    item[PLACE] = place
    if (this.#newest === undefined) this.#oldest = place
    else this.#newest.newer = place
    this.#newest = place
    this.#size++
  }

  /** Removes what is in this line. False if it is in none. */
  delete(item: Item & InLine): boolean {
    const place = item[PLACE]
    if (place === undefined) return false
    const { older, newer } = place
    if (older === undefined) this.#oldest = newer
    else older.newer = newer
    if (newer === undefined) this.#newest = older
    else newer.older = older
    place.older = undefined
    place.newer = undefined
    item[PLACE] = undefined
    this.#size--
    return true
  }
}
