import { FRESH_WITHIN_MS } from '../../counters/freshness.ts'

/** A total that Postgres answered. */
export interface ProvenTotal {
  readonly total: bigint
  /** When the look-up began, in ms of the monotonic clock. */
  readonly beganMs: number
}

/** How long the floor must be unconfirmed before Postgres may lower it: longer than a fresh cache may lack what the floor counts. */
const LOWERED_AFTER_MS = FRESH_WITHIN_MS + 1_000

/** What a look-up in Postgres did to the floor: `lost` lowered a total that Postgres once had, `unproven` one that it never had. */
export type Settled = 'kept' | 'lost' | 'unproven'

/**
 * The highest total that a server has answered. No later answer is lower. The floor can be wrong for two reasons. If a failover
 * lost rows, it is lowered when no read has reached it for 3 s, and only by a look-up in Postgres that began after the floor was
 * set. If it came from the cache while Postgres was down, and another client had written to the cache, the first such look-up
 * lowers it. Pure: the time is an argument.
 */
export class Floor {
  #total = 0n
  /** The highest total that Postgres has answered. */
  #proven = 0n
  #setMs = -Infinity
  #confirmedMs = -Infinity
  #isAbove = false

  get total(): bigint {
    return this.#total
  }

  /** True if Postgres has had this many pings. Only such a total is answered while Postgres can be asked. */
  isProven(total: bigint): boolean {
    return total <= this.#proven
  }

  /** Takes a total that was read. Returns the total to answer. */
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

  /** True if Postgres has to be read to find out whether the floor is right. */
  isDoubtful(nowMs: number): boolean {
    return this.#isAbove && (!this.isProven(this.#total) || this.#isUnconfirmed(nowMs))
  }

  /** Takes the result of a look-up in Postgres, without answering it. */
  prove({ total }: ProvenTotal): void {
    if (total > this.#proven) this.#proven = total
  }

  /** Takes the result of a look-up in Postgres, and lowers the floor if that is due. */
  settle(proven: ProvenTotal, nowMs: number): Settled {
    this.prove(proven)
    if (proven.beganMs <= this.#setMs || proven.total >= this.#total) return 'kept'
    const wasProven = this.isProven(this.#total)
    if (wasProven && !this.#isUnconfirmed(nowMs)) return 'kept'
    if (wasProven) this.#proven = proven.total
    this.#total = this.#proven
    this.#setMs = nowMs
    this.#confirmedMs = nowMs
    this.#isAbove = false
    return wasProven ? 'lost' : 'unproven'
  }

  #isUnconfirmed(nowMs: number): boolean {
    return nowMs - this.#confirmedMs >= LOWERED_AFTER_MS
  }
}
