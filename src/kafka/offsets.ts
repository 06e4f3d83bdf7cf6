/** One record that is not done: it would have to be read again after a restart. */
export interface OpenRecord {
  readonly offset: number
  done: boolean
}

/**
 * Which offsets of one partition may be committed: all before the first record that is not done. Pure.
 * Offsets stay far below 2^53.
 */
export class PartitionOffsets {
  #open: OpenRecord[] = []
  #first = 0
  #next: number | undefined
  /** After the last record that was ever received. */
  #end = 0
  #committed: number | undefined

  /** Reading starts here, and the group has committed nothing: so that this is committed before anything is done. */
  startAt(offset: number): void {
    this.#next ??= offset
  }

  /** A record was received. It is done when the caller sets `done`. */
  open(offset: number): OpenRecord {
    const record = { offset, done: false }
    this.#open.push(record)
    this.#advance(offset)
    return record
  }

  /** A record was received that needs nothing more. */
  pass(offset: number): void {
    this.#advance(offset)
  }

  /** True if this record, or one after it, was received before: it is read again. */
  wasReceived(offset: number): boolean {
    return offset < this.#end
  }

  /** The offset to commit: of the next record to read after a restart; undefined if it is committed already. */
  toCommit(): number | undefined {
    while (this.#first < this.#open.length && this.#open[this.#first]!.done) this.#first++
    if (this.#first > 1_000) {
      this.#open = this.#open.slice(this.#first)
      this.#first = 0
    }
    const offset = this.#open[this.#first]?.offset ?? this.#next
    return offset === this.#committed ? undefined : offset
  }

  /** True after the first commit. */
  get hasCommitted(): boolean {
    return this.#committed !== undefined
  }

  /** What the group has committed, as far as this assignment knows. */
  get committedTo(): number | undefined {
    return this.#committed
  }

  committed(offset: number): void {
    this.#committed = offset
  }

  #advance(offset: number): void {
    this.#next = offset + 1
    if (this.#next > this.#end) this.#end = this.#next
  }
}
