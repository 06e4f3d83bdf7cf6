import type { CountsSnapshot } from '../terms/counts-snapshot.ts'
import { sumOfHeads, type Position } from '../terms/position.ts'
import type { Queryable } from './connect.ts'
import { readHeads } from './heads.ts'
import type { Pool } from './pool.ts'

/**
 * The newest minutes below $1, at most $2. The rollup has at most one row per minute and lane, so its newest
 * $2 · lanes rows contain the newest $2 minutes completely. ("offset 0" makes Postgres look up each lane
 * separately: a join of the lanes with the rows would be planned as a scan of all rows.)
 */
const NEWEST_MINUTES = `
  select minute, sum(count)::bigint as count from (
    (select minute, count from ping_minutes where minute < $1
     order by minute desc limit $2::bigint * (select count(*) from ping_lanes))
    union all
    select t.minute, count(*) from ping_lanes l cross join lateral (
      select ping_minute(p.pinged_at) as minute from pings p where p.lane = l.lane and p.seq > l.folded_seq offset 0
    ) t where t.minute < $1 group by 1
  ) counted
  group by minute order by minute desc limit $2`

export interface SnapshotWindow {
  /** The first minute after the window. */
  readonly minutesTo: number
  /** Maximum number of minutes; the newest are kept. */
  readonly maxMinutes: number
}

/** All counts at one instant. */
export async function readCounts(pool: Pool, window: SnapshotWindow): Promise<CountsSnapshot> {
  return inSnapshot(pool, async db => {
    const heads = await readHeads(db)
    const { minutesTo, maxMinutes } = window
    const result = await db.query<MinuteRow>({ text: NEWEST_MINUTES, values: [minutesTo, maxMinutes + 1] })
    const complete = result.rows.length <= maxMinutes
    const rows = complete ? result.rows : result.rows.slice(0, maxMinutes)
    return {
      heads,
      total: sumOfHeads(heads),
      minutes: toMinutes(rows),
      minutesFrom: complete ? undefined : Number(result.rows[maxMinutes]!.minute) + 1,
      minutesTo,
    }
  })
}

interface MinuteRow {
  readonly minute: bigint
  readonly count: bigint
}

/** The minute of any int64 in ms is exact as a number. */
function toMinutes(rows: readonly MinuteRow[]): ReadonlyMap<number, bigint> {
  return new Map(rows.map(row => [Number(row.minute), row.count]))
}

/** The rollup, moved forward or back from the folded positions to the given ones ($1 lane, $2 seq). */
const MINUTES_AT = `
  select minute, sum(count)::bigint as count from (
    select minute, count from ping_minutes where minute >= $3 and minute < $4
    union all
    select ping_minute(p.pinged_at), case when a.seq > l.folded_seq then 1 else -1 end
    from unnest($1::int[], $2::bigint[]) as a (lane, seq)
    join ping_lanes l on l.lane = a.lane
    cross join lateral (
      select * from pings p where p.lane = a.lane
        and p.seq > least(a.seq, l.folded_seq) and p.seq <= greatest(a.seq, l.folded_seq) offset 0
    ) p
  ) counted
  where minute >= $3 and minute < $4
  group by minute having sum(count) <> 0`

/** Pings by minute in [fromMinute, toMinute), each lane counted up to the position given for it. */
export async function readMinutesAt(
  db: Queryable,
  positions: ReadonlyMap<number, Position>,
  fromMinute: bigint,
  toMinute: bigint,
): Promise<ReadonlyMap<number, bigint>> {
  const values = [...columnsOf(positions), fromMinute.toString(), toMinute.toString()]
  const result = await db.query<MinuteRow>({ text: MINUTES_AT, values })
  return toMinutes(result.rows)
}

/** The number of rows per lane, by a full scan: slow, for checks only. */
export async function countRows(db: Queryable): Promise<ReadonlyMap<number, bigint>> {
  const result = await db.query<{ lane: number; count: bigint }>('select lane, count(*) as count from pings group by lane')
  return new Map(result.rows.map(row => [row.lane, row.count]))
}

/** Pings by minute in [fromMinute, toMinute), by a full scan: slow, for checks only. */
export async function countRowsByMinute(db: Queryable, fromMinute: bigint, toMinute: bigint): Promise<ReadonlyMap<number, bigint>> {
  const result = await db.query<MinuteRow>({
    text: `select minute, count(*) as count from (select ping_minute(pinged_at) as minute from pings) counted
      where minute >= $1 and minute < $2 group by minute`,
    values: [fromMinute.toString(), toMinute.toString()],
  })
  return toMinutes(result.rows)
}

/** The rows above these positions, by minute in [fromMinute, toMinute). Looked up by seq, so no other rows are read. */
export async function countRowsAfter(
  db: Queryable,
  positions: ReadonlyMap<number, Position>,
  fromMinute: bigint,
  toMinute: bigint,
): Promise<ReadonlyMap<number, bigint>> {
  const result = await db.query<MinuteRow>({
    text: `select ping_minute(p.pinged_at) as minute, count(*) as count
      from unnest($1::int[], $2::bigint[]) as a (lane, seq)
      cross join lateral (select pinged_at from pings p where p.lane = a.lane and p.seq > a.seq offset 0) p
      where ping_minute(p.pinged_at) >= $3 and ping_minute(p.pinged_at) < $4 group by 1`,
    values: [...columnsOf(positions), fromMinute.toString(), toMinute.toString()],
  })
  return toMinutes(result.rows)
}

/** Lanes and seqs as Postgres arrays. */
function columnsOf(positions: ReadonlyMap<number, Position>): readonly [string, string] {
  return [`{${[...positions.keys()].join()}}`, `{${[...positions.values()].map(position => position.seq).join()}}`]
}

/** Runs `read` in one read-only snapshot of the database. */
export async function inSnapshot<T>(pool: Pool, read: (db: Queryable) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  try {
    await client.query('begin isolation level repeatable read read only')
    const result = await read(client)
    await client.query('commit')
    client.release()
    return result
  } catch (error) {
    client.release(error)
    throw error
  }
}
