import type { Position } from '../../terms/position.ts'
import type { CountAnswer } from '../client/ping-client.ts'

/** What a part answered, or why there is no answer. The kinds are part of the JSON document. */
export type Asked<T> =
  | { readonly kind: 'read'; readonly value: T }
  | { readonly kind: 'away'; readonly reason: string }
  | { readonly kind: 'left out' }

/** One lane as Postgres has it. */
export interface LaneOfLedger {
  readonly lane: number
  readonly head: Position
  /** Counted one by one. */
  readonly rows: bigint
  readonly published: Position
  readonly folded: Position
  /** Its head when verify began: later pings may not have arrived everywhere yet. */
  readonly goal: bigint
  /** Whether the lane's rows have what is published, and what the cache has applied; true without a cache. */
  readonly holds: { readonly published: boolean; readonly applied: boolean }
}

/** Postgres, read in one snapshot. */
export interface LedgerEvidence {
  readonly lanes: readonly LaneOfLedger[]
  /** Pings by minute, counted row by row, in the minutes that the cache covers (all of them without a cache). */
  readonly minutes: ReadonlyMap<number, bigint>
  /** The same minutes from the rollup and the rows above it. */
  readonly rollup: ReadonlyMap<number, bigint>
  /** The same minutes of the rows up to what the cache has applied; all rows without a cache. */
  readonly appliedMinutes: ReadonlyMap<number, bigint>
}

/** The cache, read at one instant. */
export interface CacheEvidence {
  readonly total: bigint
  /** −Infinity if the cache has every minute. */
  readonly minutesFrom: number
  readonly minutesTo: number
  /** By lane number. */
  readonly applied: readonly Position[]
  readonly minutes: ReadonlyMap<number, bigint>
}

/** PingCount, cached and strong. */
export interface ServerEvidence {
  readonly cached: CountAnswer
  readonly strong: CountAnswer
  /** The exact total after these answers. */
  readonly totalAfter: bigint
}

/** What all parts report about the pings. */
export interface Evidence {
  readonly ledger: LedgerEvidence
  readonly cache: Asked<CacheEvidence>
  readonly server: Asked<ServerEvidence>
  /** False: the published positions are not compared, as where Kafka does not run. */
  readonly topic: boolean
}

/** The exact total. */
export function sumOfLanes(ledger: LedgerEvidence): bigint {
  return ledger.lanes.reduce((sum, { head }) => sum + head.seq, 0n)
}

/** The exact total when verify began. */
export function sumOfGoals(ledger: LedgerEvidence): bigint {
  return ledger.lanes.reduce((sum, { goal }) => sum + goal, 0n)
}

/** COUNT(*). */
export function rowsOfLanes(ledger: LedgerEvidence): bigint {
  return ledger.lanes.reduce((sum, { rows }) => sum + rows, 0n)
}
