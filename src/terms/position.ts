/** Identifies a ping and all pings before it in its lane, as term and index do in Raft. */
export interface Position {
  /** The ping's number in its lane; 0 before the first. */
  readonly seq: bigint
  /** The batch's random tag, 1 … 2^63 − 1; 0 only before the first ping. */
  readonly tag: bigint
}

/** The position before a lane's first ping. */
export const START: Position = { seq: 0n, tag: 0n }

export function samePosition(a: Position, b: Position): boolean {
  return a.seq === b.seq && a.tag === b.tag
}

/** The last position of a lane. */
export interface Head extends Position {
  readonly lane: number
}

/** The exact total, because every lane's sequence is without gaps. */
export function sumOfHeads(heads: readonly Head[]): bigint {
  return heads.reduce((sum, head) => sum + head.seq, 0n)
}
