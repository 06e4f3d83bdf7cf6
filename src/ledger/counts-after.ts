import type { Head } from '../terms/position.ts'
import type { Queryable } from './connect.ts'
import { ofPrimary } from './heads.ts'
import { edge } from './ranges.ts'

/** Maximum number of rows read after the positions, the same in each lane. With more, starting again from the rollup is cheaper. */
export const MAX_ROWS_AFTER = 32_000

/**
 * For each lane: the row at the given position and the rows after it, by one index scan (up to one row more than allowed). Also,
 * the number of rows between pairs of times. One statement, so that everything is of one instant. (The times are JSON, because for
 * short arrays, whose length it knows, Postgres would plan each execution. The same holds for a limit that is a parameter.)
 */
const countsAfter = (maxRows: number) => ({
  name: `ping_counts_after_${maxRows}`,
  text: `
    select l.lane, coalesce(a.seq, 0) as after_seq, r.*, case l.lane when 0 then e.edges end as edges
    from ping_lanes l
    left join unnest($1::int[], $2::bigint[]) as a (lane, seq) on a.lane = l.lane
    cross join lateral (
      select min(n.seq) as first_seq, (array_agg(n.tag))[1] as first_tag,
        max(n.seq) as last_seq, (array_agg(n.tag))[count(*)] as last_tag, coalesce(array_agg(n.minute), '{}') as minutes
      from (
        select p.seq, p.tag, ping_minute(p.pinged_at) as minute from pings p
        where p.lane = l.lane and p.seq >= coalesce(a.seq, 0) order by p.seq limit ${maxRows + 2}
      ) n
    ) r
    cross join (select array(
      select (select count(*) from pings b where b.pinged_at >= t.start and b.pinged_at < t.stop)
      from (select ${edge('u.start_ms')} as start, ${edge('u.stop_ms')} as stop, u.number
        from jsonb_to_recordset($3) as u (number int, start_ms bigint, stop_ms bigint)) t
      order by t.number
    ) as edges) e
    where not pg_is_in_recovery() order by l.lane`,
})

interface LaneRow {
  readonly lane: number
  readonly after_seq: bigint
  /** Null if there is no row at the position or after it. */
  readonly first_seq: bigint | null
  readonly first_tag: bigint | null
  readonly last_seq: bigint | null
  readonly last_tag: bigint | null
  /** One for each row, in the order of seq. */
  readonly minutes: readonly bigint[]
  /** Only with the first lane. */
  readonly edges: readonly bigint[] | null
}

/** Times in ms since the Unix epoch, half-open; any int64. */
export type Edge = readonly [startMs: bigint, endMs: bigint]

/** What was recorded after known positions, at one instant. */
export interface CountsAfter {
  readonly heads: readonly Head[]
  /** Pings after the positions, up to the heads, by minute. */
  readonly minutes: ReadonlyMap<number, number>
  /** All pings of each edge. */
  readonly edges: readonly bigint[]
}

/**
 * The pings recorded after these positions (one per lane), and all pings of `edges`. Undefined if a position is not (or no
 * longer) in the ledger, or if too many pings follow one.
 */
export async function readCountsAfter(db: Queryable, positions: readonly Head[], edges: readonly Edge[]): Promise<CountsAfter | undefined> {
  const maxRows = Math.ceil(MAX_ROWS_AFTER / Math.max(1, positions.length))
  const values = [`{${positions.map(({ lane }) => lane).join()}}`, `{${positions.map(({ seq }) => seq).join()}}`, toJson(edges)]
  const rows = ofPrimary((await db.query<LaneRow>({ ...countsAfter(maxRows), values })).rows)
  const tags = new Map(positions.map(({ lane, tag }) => [lane, tag]))
  if (rows.length < positions.length || !rows.every(row => continues(row, tags.get(row.lane) ?? 0n, maxRows))) return undefined
  const minutes = new Map<number, number>()
  for (const minute of rows.flatMap(minutesAfter)) minutes.set(Number(minute), (minutes.get(Number(minute)) ?? 0) + 1)
  return {
    heads: rows.map(({ lane, last_seq: seq, last_tag: tag }) => ({ lane, seq: seq ?? 0n, tag: tag ?? 0n })),
    minutes,
    edges: rows[0]!.edges!,
  }
}

/** JSON numbers have no maximum length, so int64 values stay exact. */
function toJson(edges: readonly Edge[]): string {
  return `[${edges.map(([startMs, endMs], number) => `{"number":${number},"start_ms":${startMs},"stop_ms":${endMs}}`).join()}]`
}

function continues(row: LaneRow, tag: bigint, maxRows: number): boolean {
  const isThere = row.after_seq === 0n || (row.first_seq === row.after_seq && row.first_tag === tag)
  return isThere && minutesAfter(row).length <= maxRows
}

/** Without the minute of the row at the position. */
function minutesAfter({ after_seq: afterSeq, minutes }: LaneRow): readonly bigint[] {
  return afterSeq === 0n ? minutes : minutes.slice(1)
}
