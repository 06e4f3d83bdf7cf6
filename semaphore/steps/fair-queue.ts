/** What waits for a batch. */
export interface Queued {
  /** Entries of one resource keep their order. */
  readonly resource: string
  /** A batch has at most one entry with the same key. */
  readonly key: string
  readonly bytes: number
}

/** Bounds of a batch. */
export interface BatchBounds {
  readonly maxCount: number
  readonly maxBytes: number
}

/** Entries wait in the order of their resource, and resources take turns: many entries of one delay another's by one batch at most. */
export class FairQueue<Entry extends Queued> {
  readonly #resources = new Map<string, Fifo<Entry>>()
  #length = 0

  get length(): number {
    return this.#length
  }

  add(entry: Entry): void {
    const fifo = this.#resources.get(entry.resource)
    if (fifo) fifo.add(entry)
    else this.#resources.set(entry.resource, new Fifo(entry))
    this.#length++
  }

  /** Removes and returns the next batch. Its last entry may go over the number of bytes. */
  take({ maxCount, maxBytes }: BatchBounds): Entry[] {
    const batch: Entry[] = []
    const keys = new Set<string>()
    let bytes = 0
    // A resource that was served goes to the end of the map, which this loop then visits again. One whose next key is taken waits.
    for (const [resource, fifo] of this.#resources) {
      if (batch.length >= maxCount || bytes >= maxBytes) break
      const entry = fifo.first
      if (keys.has(entry.key)) continue
      keys.add(entry.key)
      batch.push(entry)
      bytes += entry.bytes
      this.#resources.delete(resource)
      if (fifo.removeFirst()) this.#resources.set(resource, fifo)
    }
    this.#length -= batch.length
    return batch
  }
}

/** First in, first out, without moving the rest at each removal. Never empty while it is in use. */
class Fifo<Entry> {
  readonly #entries: Entry[]
  #head = 0

  constructor(first: Entry) {
    this.#entries = [first]
  }

  get first(): Entry {
    return this.#entries[this.#head]!
  }

  add(entry: Entry): void {
    this.#entries.push(entry)
  }

  /** True if entries are left. */
  removeFirst(): boolean {
    this.#head++
    if (this.#head >= 1_000) this.#entries.splice(0, this.#head)
    if (this.#head >= 1_000) this.#head = 0
    return this.#head < this.#entries.length
  }
}
