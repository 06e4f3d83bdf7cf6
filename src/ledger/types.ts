/** One ping as the ledger records it, checked at the edge. */
export interface NewPing {
  /** UUID as lower-case text with hyphens. */
  readonly id: string
  /** The ping's own time, ms since the Unix epoch, years 0001–9999. */
  readonly timestampMs: bigint
}

/** Names a ping and all before it in its lane. `{seq: 0n, tag: 0n}` is the position before the first. */
export interface Position {
  readonly seq: bigint
  /** The batch's random tag, 1 … 2^63 − 1; 0 only before the first ping. */
  readonly tag: bigint
}

export const START: Position = { seq: 0n, tag: 0n }

export function samePosition(a: Position, b: Position): boolean {
  return a.seq === b.seq && a.tag === b.tag
}

/** A ping with its place in the ledger. */
export interface LedgerRow extends NewPing, Position {
  readonly lane: number
}

/** What one batch did. */
export interface RecordedBatch {
  readonly lane: number
  /** The lane's head before the batch. */
  readonly before: Position
  /** The tag of the rows that the batch inserted. */
  readonly tag: bigint
  /** The pings that were inserted, in order: the first has seq `before.seq + 1`. */
  readonly inserted: readonly NewPing[]
  /** The ids that had been recorded before, with the time they were recorded with. */
  readonly known: ReadonlyMap<string, bigint>
}

/** The last position of a lane. */
export interface Head extends Position {
  readonly lane: number
}

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
