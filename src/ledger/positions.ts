import type { Queryable } from './connect.ts'
import type { Position } from '../terms/position.ts'

/** How far a lane is published and folded. */
export interface LanePositions {
  readonly lane: number
  readonly published: Position
  readonly folded: Position
}

/** The positions of all lanes, by lane number. */
export async function readPositions(db: Queryable): Promise<readonly LanePositions[]> {
  const result = await db.query('select lane, published_seq, published_tag, folded_seq, folded_tag from ping_lanes order by lane')
  return result.rows.map(row => ({
    lane: row.lane,
    published: { seq: row.published_seq, tag: row.published_tag },
    folded: { seq: row.folded_seq, tag: row.folded_tag },
  }))
}

/** A lane's published position, from where it is believed to be to where it shall be. */
export interface Move {
  readonly lane: number
  readonly from: Position
  readonly to: Position
}

/**
 * Moves published positions by compare-and-set; returns the lanes that were moved. Call it on the session
 * that holds the lanes' relay locks: then a lost lock also fails the move.
 */
export async function movePublished(db: Queryable, moves: readonly Move[]): Promise<ReadonlySet<number>> {
  const column = (pick: (move: Move) => number | bigint) => `{${moves.map(pick).join()}}`
  const result = await db.query<{ lane: number }>({
    name: 'ping_move_published',
    text: 'select lane from ping_move_published($1, $2, $3, $4, $5) as lane',
    values: [column(m => m.lane), column(m => m.from.seq), column(m => m.from.tag), column(m => m.to.seq), column(m => m.to.tag)],
  })
  return new Set(result.rows.map(row => row.lane))
}

/**
 * Begins a lane's published position again at the first ping, if it still is `from` and no row of the lane is there: they were removed,
 * or are of another history. True if it was moved. Call it on the session that holds the lane's relay lock.
 */
export async function restartPublished(db: Queryable, lane: number, from: Position): Promise<boolean> {
  const result = await db.query(
    `update ping_lanes l set published_seq = 0, published_tag = 0
      where lane = $1 and published_seq = $2 and published_tag = $3
      and not exists (select from pings p where p.lane = l.lane and p.seq = l.published_seq and p.tag = l.published_tag)`,
    [lane, from.seq.toString(), from.tag.toString()],
  )
  return result.rowCount === 1
}

/** Folds at most `limit` rows of a lane into the rollup; the number folded, or undefined if the rollup is of another history. */
export async function fold(db: Queryable, lane: number, limit: number): Promise<bigint | undefined> {
  const result = await db.query<{ folded: bigint | null }>({ name: 'ping_fold', text: 'select ping_fold($1, $2) as folded', values: [lane, limit] })
  return result.rows[0]?.folded ?? undefined
}

/** Forgets a lane's part of the rollup, so that it is folded anew from its first ping. */
export async function unfold(db: Queryable, lane: number): Promise<void> {
  await db.query('select ping_unfold($1)', [lane])
}
