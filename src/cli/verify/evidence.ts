import type { Position } from '../../terms/position.ts'
import type { CountAnswer } from '../client.ts'

/** A part that was asked: what it said, or why it said nothing. */
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
}

/** Postgres, read in one snapshot. */
export interface LedgerEvidence {
  readonly lanes: readonly LaneOfLedger[]
  /** Pings by minute, counted row by row, in the minutes that the cache covers (all of them without a cache). */
  readonly minutes: ReadonlyMap<number, bigint>
  /** The same minutes from the rollup and the rows above it. */
  readonly rollup: ReadonlyMap<number, bigint>
}

/** The cache, read at one instant. */
export interface CacheEvidence {
  readonly total: bigint
  /** −Infinity if no minute was left out. */
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
}

/** What all parts say about the pings. */
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

/** COUNT(*). */
export function rowsOfLanes(ledger: LedgerEvidence): bigint {
  return ledger.lanes.reduce((sum, { rows }) => sum + rows, 0n)
}
