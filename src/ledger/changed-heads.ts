import type { Head } from '../terms/position.ts'
import type { Queryable } from './connect.ts'

/** The heads in one snapshot. */
export interface SeenHeads {
  /** Identifies the transactions that it includes. */
  readonly snapshot: string
  readonly heads: readonly Head[]
}

/** Postgres evaluates both conditions once, before it reads any lane. */
const CHANGED_HEADS = {
  name: 'ping_changed_heads',
  text: `select (select pg_current_snapshot()::text) as snapshot, l.lane, coalesce(h.seq, 0) as seq, coalesce(h.tag, 0) as tag
    from ping_lanes l left join lateral (select p.seq, p.tag from pings p where p.lane = l.lane order by p.seq desc limit 1) h on true
    where (select pg_current_snapshot()::text) is distinct from $1`,
}

/**
 * The heads of all lanes, or undefined if no transaction has ended since the snapshot `seen`: then the heads are the same, and the
 * query costs a fifth. (Transactions in other databases of the server count as well.)
 */
export async function changedHeads(db: Queryable, seen: string | undefined): Promise<SeenHeads | undefined> {
  const result = await db.query<Head & { snapshot: string }>({ ...CHANGED_HEADS, values: [seen] })
  const first = result.rows[0]
  return first && { snapshot: first.snapshot, heads: result.rows.map(({ lane, seq, tag }) => ({ lane, seq, tag })) }
}
