/** A total that Postgres answered. */
export interface ProvenTotal {
  readonly total: bigint
  /** When the look-up began, by the monotonic clock, in ms. */
  readonly beganMs: number
}

/** How long the floor must have stood unconfirmed before Postgres may lower it: by then the cache has what it says, too. */
const LOWERED_AFTER_MS = 3_000

/**
 * The highest total that a server has answered. What was true stays true: no answer is below it. Only a
 * failover that lost rows makes it wrong; it is lowered when no read has come up to it for 3 s on end, and
 * then only by a look at Postgres that began after the floor was set. Pure; time is handed in.
 */
export class Floor {
  #total = 0n
  #setMs = -Infinity
  #confirmedMs = -Infinity
  #isAbove = false

  get total(): bigint {
    return this.#total
  }

  /** Takes a total that was read; returns what may be answered. */
  answer(total: bigint, nowMs: number): bigint {
    if (total >= this.#total) {
      if (total > this.#total) this.#setMs = nowMs
      this.#total = total
      this.#confirmedMs = nowMs
      this.#isAbove = false
      return total
    }
    this.#isAbove = true
    return this.#total
  }

  /** True if it is time to ask Postgres whether rows were lost. */
  isDoubtful(nowMs: number): boolean {
    return this.#isAbove && this.#isUnconfirmed(nowMs)
  }

  /** Takes what Postgres says. True if the floor was lowered. */
  settle(proven: ProvenTotal, nowMs: number): boolean {
    if (!this.#isUnconfirmed(nowMs) || proven.beganMs <= this.#setMs || proven.total >= this.#total) return false
    this.#total = proven.total
    this.#setMs = nowMs
    this.#confirmedMs = nowMs
    this.#isAbove = false
    return true
  }

  #isUnconfirmed(nowMs: number): boolean {
    return nowMs - this.#confirmedMs >= LOWERED_AFTER_MS
  }
}
