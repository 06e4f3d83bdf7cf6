import type { Head } from './position.ts'

/** All counts at one instant, from one Postgres snapshot. */
export interface CountsSnapshot {
  /** One for each lane, by lane number; an empty lane's is `START`. */
  readonly heads: readonly Head[]
  /** The sum of the heads' seqs. */
  readonly total: bigint
  /** Pings by minute: the newest non-empty minutes below `minutesTo`. */
  readonly minutes: ReadonlyMap<number, bigint>
  /** The first minute from which `minutes` is complete; undefined if none was left out. */
  readonly minutesFrom: number | undefined
  /** The minute up to which, exclusive, `minutes` is complete. */
  readonly minutesTo: number
}
