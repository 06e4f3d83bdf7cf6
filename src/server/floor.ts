/** A total that Postgres answered. */
export interface ProvenTotal {
  readonly total: bigint
  /** When the look-up began, by the monotonic clock, in ms. */
  readonly beganMs: number
}

/** How long the floor must have stood above the cache before Postgres may lower it. */
const LOWERED_AFTER_MS = 3_000

/**
 * The highest total that a server has answered. What was true stays true: no answer is below it. Only a
 * failover that lost rows makes it wrong; it is lowered when it has stood above what is read for 3 s on
 * end, and then only by a look at Postgres that began after the floor was set. Pure; time is handed in.
 */
export class Floor {
  #total = 0n
  #setMs = -Infinity
  #aboveSinceMs: number | undefined

  get total(): bigint {
    return this.#total
  }

  /** Takes a total that was read; returns what may be answered. */
  answer(total: bigint, nowMs: number): bigint {
    if (total >= this.#total) {
      if (total > this.#total) this.#setMs = nowMs
      this.#total = total
      this.#aboveSinceMs = undefined
      return total
    }
    this.#aboveSinceMs ??= nowMs
    return this.#total
  }

  /** True if it is time to ask Postgres whether rows were lost. */
  isDoubtful(nowMs: number): boolean {
    return this.#aboveSinceMs !== undefined && nowMs - this.#aboveSinceMs >= LOWERED_AFTER_MS
  }

  /** Takes what Postgres says in doubt. True if the floor was lowered. */
  settle(proven: ProvenTotal, nowMs: number): boolean {
    if (!this.isDoubtful(nowMs) || proven.beganMs <= this.#setMs || proven.total >= this.#total) return false
    this.#total = proven.total
    this.#setMs = nowMs
    this.#aboveSinceMs = undefined
    return true
  }
}
