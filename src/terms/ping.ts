import type { Position } from './position.ts'

/** One ping to be recorded, already validated. */
export interface NewPing {
  /** UUID as lower-case text with hyphens. */
  readonly id: string
  /** The ping's own time, ms since the Unix epoch, years 0001–9999. */
  readonly timestampMs: bigint
}

/** A ping with its place in the ledger. */
export interface LedgerRow extends NewPing, Position {
  readonly lane: number
}
