import type { LedgerRow } from '../terms/ping.ts'
import type { Position } from '../terms/position.ts'
import type { Queryable } from './connect.ts'

const ROWS = {
  name: 'ping_rows_after',
  text: `select r.lane, r.seq, r.tag, r.id, ping_time_ms(r.pinged_at) as "timestampMs"
    from unnest($1::int[], $2::bigint[]) as w (lane, seq)
    cross join lateral (
      select p.* from pings p where p.lane = w.lane and p.seq >= w.seq order by p.seq limit $3
    ) r
    order by r.lane, r.seq`,
}

/** A lane's rows after a position, or `undefined` if the position is not in the lane's history. */
export type RowsAfter = readonly LedgerRow[] | undefined

/**
 * The rows after each position, by lane number, at most `limit` per lane. One statement reads the rows and
 * checks the start: with two, a failover in between would join two histories.
 */
export async function rowsAfter(
  db: Queryable,
  starts: ReadonlyMap<number, Position>,
  limit: number,
): Promise<ReadonlyMap<number, RowsAfter>> {
  const lanes = [...starts.keys()]
  const seqs = [...starts.values()].map(start => start.seq)
  const result = await db.query<LedgerRow>({ ...ROWS, values: [`{${lanes.join()}}`, `{${seqs.join()}}`, limit + 1] })
  const byLane = new Map<number, LedgerRow[]>(lanes.map(lane => [lane, []]))
  for (const row of result.rows) byLane.get(row.lane)!.push(row)
  return new Map(lanes.map(lane => [lane, fromStart(starts.get(lane)!, byLane.get(lane)!, limit)]))
}

function fromStart(start: Position, rows: readonly LedgerRow[], limit: number): RowsAfter {
  if (start.seq === 0n) return rows.slice(0, limit)
  const [first, ...after] = rows
  return first?.seq === start.seq && first.tag === start.tag ? after : undefined
}
