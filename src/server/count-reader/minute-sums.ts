/** Pings by minute, complete in [from, to). */
export interface MinuteCounts {
  /** −Infinity: from the first ping. */
  readonly from: number
  readonly to: number
  readonly minutes: ReadonlyMap<number, number>
}

/** Maximum number of minutes that were added but are not yet in the sums. Every query checks each of them. */
const MAX_ADDED = 32

/**
 * Pings by minute. The cost of summing a range depends neither on its length nor on the number of pings. Immutable: adding pings
 * makes a new object.
 */
export class MinuteSums {
  readonly from: number
  readonly to: number
  /** Ascending. */
  readonly #minutes: Float64Array
  /** At index n: the pings of the first n minutes. */
  readonly #sums: Float64Array
  /** Pings that were added later. */
  readonly #added: ReadonlyMap<number, number>

  private constructor(range: { from: number; to: number }, minutes: Float64Array, sums: Float64Array, added: ReadonlyMap<number, number>) {
    this.from = range.from
    this.to = range.to
    this.#minutes = minutes
    this.#sums = sums
    this.#added = added
  }

  /** Undefined if a count is invalid, or if their sum is more than a number holds exactly. */
  static of({ from, to, minutes: counts }: MinuteCounts): MinuteSums | undefined {
    const minutes = Float64Array.from(counts.keys()).sort()
    const sums = new Float64Array(minutes.length + 1)
    for (let index = 0; index < minutes.length; index++) {
      const count = counts.get(minutes[index]!)!
      if (count < 0 || !Number.isSafeInteger(count)) return undefined
      sums[index + 1] = sums[index]! + count
    }
    return Number.isSafeInteger(sums[minutes.length]) ? new MinuteSums({ from, to }, minutes, sums, new Map()) : undefined
  }

  /** All pings, of covered and other minutes. */
  get all(): number {
    return this.sum(-Infinity, Infinity)
  }

  /** An upper bound for the number of non-empty minutes. */
  get size(): number {
    return this.#minutes.length + this.#added.size
  }

  /** True if the counts of [first, end) are complete. */
  covers(first: number, end: number): boolean {
    return first >= this.from && end <= this.to
  }

  /** The pings in [first, end), which must be covered. */
  sum(first: number, end: number): number {
    let sum = this.#sums[this.#indexOf(end)]! - this.#sums[this.#indexOf(first)]!
    for (const [minute, count] of this.#added) if (minute >= first && minute < end) sum += count
    return sum
  }

  /** With these pings added. Pings of minutes that are not covered are ignored. */
  plus(more: Iterable<readonly [minute: number, count: number]>): MinuteSums {
    const added = new Map(this.#added)
    for (const [minute, count] of more) {
      if (this.covers(minute, minute + 1)) added.set(minute, (added.get(minute) ?? 0) + count)
    }
    return added.size <= MAX_ADDED ? new MinuteSums(this, this.#minutes, this.#sums, added) : this.#merge(added)
  }

  /** Without the oldest minutes, if more than `max` are not empty. */
  newest(max: number): MinuteSums {
    if (this.size <= max) return this
    const { from, to } = this
    const merged = this.#merge(this.#added)
    const excess = Math.max(0, merged.#minutes.length - max)
    const range = { from: excess === 0 ? from : merged.#minutes[excess - 1]! + 1, to }
    return new MinuteSums(range, merged.#minutes.slice(excess), merged.#sums.slice(excess), new Map())
  }

  #merge(added: ReadonlyMap<number, number>): MinuteSums {
    const later = [...added].sort(([a], [b]) => a - b)
    const minutes = new Float64Array(this.#minutes.length + later.length)
    const sums = new Float64Array(minutes.length + 1)
    let [length, taken] = [0, 0]
    const push = (minute: number, count: number): void => {
      minutes[length] = minute
      sums[length + 1] = sums[length]! + count
      length++
    }
    this.#minutes.forEach((minute, index) => {
      while (taken < later.length && later[taken]![0] < minute) push(...later[taken++]!)
      const more = later[taken]?.[0] === minute ? later[taken++]![1] : 0
      push(minute, this.#sums[index + 1]! - this.#sums[index]! + more)
    })
    while (taken < later.length) push(...later[taken++]!)
    return new MinuteSums(this, minutes.slice(0, length), sums.slice(0, length + 1), new Map())
  }

  /** The number of minutes below this one. */
  #indexOf(minute: number): number {
    let [low, high] = [0, this.#minutes.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#minutes[middle]! < minute) low = middle + 1
      else high = middle
    }
    return low
  }
}
