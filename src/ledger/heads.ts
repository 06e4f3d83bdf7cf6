import type { Head, Position } from '../terms/position.ts'
import type { Queryable } from './connect.ts'

const HEAD_OF_LANE = 'lateral (select p.seq, p.tag from pings p where p.lane = l.lane order by p.seq desc limit 1)'

const HEADS = {
  name: 'ping_heads',
  text: `select l.lane, coalesce(h.seq, 0) as seq, coalesce(h.tag, 0) as tag
    from ping_lanes l left join ${HEAD_OF_LANE} h on true
    where not pg_is_in_recovery() order by l.lane`,
}

/** The heads of all lanes, by lane number. Their seqs' sum is the exact total. */
export async function readHeads(db: Queryable): Promise<readonly Head[]> {
  const result = await db.query<Head>(HEADS)
  return ofPrimary(result.rows)
}

/** A lane's head, and how far it is published. */
export interface LaneProgress extends Head {
  /** Seq up to which the lane is in the topic. */
  readonly published: bigint
}

const PROGRESS = {
  name: 'ping_progress',
  text: `select l.lane, coalesce(h.seq, 0) as seq, coalesce(h.tag, 0) as tag, l.published_seq as published
    from ping_lanes l left join ${HEAD_OF_LANE} h on true
    where not pg_is_in_recovery() order by l.lane`,
}

/** As `readHeads`, with the published positions, in one statement. */
export async function readProgress(db: Queryable): Promise<readonly LaneProgress[]> {
  const result = await db.query<LaneProgress>(PROGRESS)
  return ofPrimary(result.rows)
}

/** Throws for the empty answer of a standby, which may lack acknowledged pings, so counts are never read from it. */
export function ofPrimary<Row>(rows: Row[]): Row[] {
  if (rows.length === 0) throw new Error('Postgres answered as a standby, or is not set up yet; expected the primary')
  return rows
}

const CHECKED = {
  name: 'ping_checked_heads',
  text: `select l.lane, coalesce(h.seq, 0) as seq, coalesce(h.tag, 0) as tag,
      case when a.seq = 0 then 0::bigint else (select p.tag from pings p where p.lane = a.lane and p.seq = a.seq) end as tag_there
    from ping_lanes l
    left join ${HEAD_OF_LANE} h on true
    left join unnest($1::int[], $2::bigint[]) as a (lane, seq) on a.lane = l.lane
    where not pg_is_in_recovery()
    order by l.lane`,
}

/** A lane's head, and whether the given position is in the lane's history. */
export interface CheckedHead extends Head {
  readonly holds: boolean
}

/**
 * The heads of all lanes and, in the same statement, whether each of `positions` (by lane number) is in
 * its lane. A lane without a position, or one that the database does not have, is not held.
 */
export async function checkHeads(db: Queryable, positions: ReadonlyMap<number, Position>): Promise<readonly CheckedHead[]> {
  const lanes = [...positions.keys()]
  const seqs = [...positions.values()].map(position => position.seq)
  const result = await db.query<Head & { tag_there: bigint | null }>({ ...CHECKED, values: [`{${lanes.join()}}`, `{${seqs.join()}}`] })
  return ofPrimary(result.rows).map(({ lane, seq, tag, tag_there: tagThere }) => ({
    lane,
    seq,
    tag,
    holds: tagThere !== null && tagThere === positions.get(lane)?.tag,
  }))
}
