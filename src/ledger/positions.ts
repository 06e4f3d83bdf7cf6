import type { Position } from '../terms/position.ts'
import type { Queryable } from './connect.ts'

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

/** A move of a lane's published position: its expected value and its new value. */
export interface Move {
  readonly lane: number
  readonly from: Position
  readonly to: Position
}

/**
 * Moves published positions by compare-and-set; returns the lanes that were moved. Call it on the session
 * that holds the lanes' relay locks, so that the move fails if the locks are lost.
 */
export async function movePublished(db: Queryable, moves: readonly Move[]): Promise<ReadonlySet<number>> {
  const result = await db.query<{ lane: number }>({
    name: 'ping_move_published',
    text: 'select lane from ping_move_published($1, $2, $3, $4, $5) as lane',
    values: moveColumns(moves),
  })
  return new Set(result.rows.map(row => row.lane))
}

function moveColumns(moves: readonly Move[]): string[] {
  return [
    column(moves, m => m.lane),
    column(moves, m => m.from.seq),
    column(moves, m => m.from.tag),
    column(moves, m => m.to.seq),
    column(moves, m => m.to.tag),
  ]
}

/** An array as Postgres reads it. */
function column<Item>(items: readonly Item[], pick: (item: Item) => number | bigint): string {
  return `{${items.map(pick).join()}}`
}

/**
 * Resets a lane's published position to the start, if it is still `from` and the lane has no such row: it was deleted, or is of
 * another history. True if it was reset. Call it on the session that holds the lane's relay lock.
 */
export async function restartPublished(db: Queryable, lane: number, from: Position): Promise<boolean> {
  const result = await db.query(
    `update ping_lanes l set published_seq = 0, published_tag = 0
      where lane = $1 and published_seq = $2 and published_tag = $3
      and (select p.tag from pings p where p.lane = l.lane and p.seq = l.published_seq) is distinct from l.published_tag`,
    [lane, from.seq.toString(), from.tag.toString()],
  )
  return result.rowCount === 1
}

/** A lane's pings by minute, from the expected folded position to the new one. */
export interface CountedFold extends Move {
  /** Number of pings by minute; their sum is the number of positions in between. */
  readonly minutes: ReadonlyMap<number, number>
}

/**
 * Adds counts to the rollup and moves the folded positions by compare-and-set, as `ping_move_published` does: the position is where
 * the counts start, the row at their end has their tag, and their sum matches the positions. (A subquery reads the row's tag, because
 * "exists" becomes a join, and a plan from when the table was small would read whole lanes for it.)
 */
const FOLD_COUNTS = {
  name: 'ping_fold_counts',
  text: `
    with asked as (select * from unnest($1::int[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) as a (lane, from_seq, from_tag, to_seq, to_tag)),
    counted as (select * from unnest($6::int[], $7::bigint[], $8::bigint[]) as c (lane, minute, count)),
    sums as (select lane, sum(count) as count from counted group by lane),
    locked as materialized (select lane from ping_lanes where lane = any ($1) order by lane for update),
    moved as (
      update ping_lanes l set folded_seq = a.to_seq, folded_tag = a.to_tag
      from asked a join locked using (lane) join sums s using (lane)
      where l.lane = a.lane and l.folded_seq = a.from_seq and l.folded_tag = a.from_tag and s.count = a.to_seq - a.from_seq
        and a.to_tag = (select p.tag from pings p where p.lane = a.lane and p.seq = a.to_seq)
      returning l.lane
    ),
    added as (
      insert into ping_minutes as m (minute, lane, count)
      select c.minute, c.lane, c.count from counted c join moved using (lane) order by c.minute, c.lane
      on conflict (minute, lane) do update set count = m.count + excluded.count
    )
    select lane from moved`,
}

/** Folds counts of the caller without reading rows; returns the lanes that were folded. One fold per lane. */
export async function foldCounts(db: Queryable, folds: readonly CountedFold[]): Promise<ReadonlySet<number>> {
  const minutes = folds.flatMap(fold => [...fold.minutes].map(([minute, count]) => ({ lane: fold.lane, minute, count })))
  const values = [...moveColumns(folds), column(minutes, m => m.lane), column(minutes, m => m.minute), column(minutes, m => m.count)]
  const result = await db.query<{ lane: number }>({ ...FOLD_COUNTS, values })
  return new Set(result.rows.map(row => row.lane))
}

/** Folds at most `limit` rows of a lane into the rollup. Returns their number, or undefined if the rollup is of another history. */
export async function fold(db: Queryable, lane: number, limit: number): Promise<bigint | undefined> {
  const result = await db.query<{ folded: bigint | null }>({
    name: 'ping_fold',
    text: 'select ping_fold($1, $2) as folded',
    values: [lane, limit],
  })
  return result.rows[0]?.folded ?? undefined
}

/** Deletes a lane's part of the rollup, so that it is folded again from its first ping. */
export async function unfold(db: Queryable, lane: number): Promise<void> {
  await db.query('select ping_unfold($1)', [lane])
}
