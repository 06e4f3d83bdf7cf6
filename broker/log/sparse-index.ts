/** One in many batches of a segment: where it is, and the greatest timestamp of the batches before it. */
export interface IndexEntry {
  /** Counted from the segment's base offset. */
  readonly offset: number
  readonly position: number
  readonly maxTimestampBefore: bigint
}

const FIRST_CAPACITY = 16

/** Entries in order of offset, in flat arrays: 16 bytes an entry. The first batch needs no entry, it is at 0. */
export class SparseIndex {
  #offsets = new Uint32Array(0)
  #positions = new Uint32Array(0)
  #timestamps = new BigInt64Array(0)
  #count = 0

  get count(): number {
    return this.#count
  }

  entry(index: number): IndexEntry {
    return { offset: this.#offsets[index]!, position: this.#positions[index]!, maxTimestampBefore: this.#timestamps[index]! }
  }

  add({ offset, position, maxTimestampBefore }: IndexEntry): void {
    if (this.#count === this.#offsets.length) this.#grow()
    this.#offsets[this.#count] = offset
    this.#positions[this.#count] = position
    this.#timestamps[this.#count] = maxTimestampBefore
    this.#count++
  }

  #grow(): void {
    const capacity = Math.max(FIRST_CAPACITY, 2 * this.#count)
    const [offsets, positions, timestamps] = [this.#offsets, this.#positions, this.#timestamps]
    this.#offsets = new Uint32Array(capacity)
    this.#positions = new Uint32Array(capacity)
    this.#timestamps = new BigInt64Array(capacity)
    this.#offsets.set(offsets)
    this.#positions.set(positions)
    this.#timestamps.set(timestamps)
  }

  /** A position at or before the batch that holds `offset`. */
  positionOf(offset: number): number {
    return this.#lastWhere(index => this.#offsets[index]! <= offset)
  }

  /** A position before which every batch is older than `timestamp`. */
  positionBefore(timestamp: bigint): number {
    return this.#lastWhere(index => this.#timestamps[index]! < timestamp)
  }

  /** `holds` must be true for the first entries up to some point, and false for the rest. */
  #lastWhere(holds: (index: number) => boolean): number {
    let [from, to] = [0, this.#count]
    while (from < to) {
      const middle = (from + to) >>> 1
      if (holds(middle)) from = middle + 1
      else to = middle
    }
    return from === 0 ? 0 : this.#positions[from - 1]!
  }
}
