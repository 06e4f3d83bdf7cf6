import type { Head } from './position.ts'

/** All counts at one instant, from one Postgres snapshot. */
export interface CountsSnapshot {
  /** By lane number; the head of an empty lane is `START`. */
  readonly heads: readonly Head[]
  /** The sum of the heads' seqs. */
  readonly total: bigint
  /** Pings by minute: the newest non-empty minutes below `minutesTo`. */
  readonly minutes: ReadonlyMap<number, bigint>
  /** The first minute from which `minutes` is complete; undefined if no minute was omitted. */
  readonly minutesFrom: number | undefined
  /** The minute up to which, exclusive, `minutes` is complete. */
  readonly minutesTo: number
}
