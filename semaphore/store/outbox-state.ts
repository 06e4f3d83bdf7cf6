import type { Queryable } from '../../src/postgres/connect.ts'

/** What is in the outboxes of all lanes. */
export interface OutboxState {
  /** Rows whose publishing is not known yet. */
  readonly records: bigint
  /** Since the oldest of them was committed, by Postgres' clock; 0 if there is none. */
  readonly ageSeconds: number
}

/** Two index look-ups for each lane, however many rows there are: seqs have no gaps. */
const STATE = {
  name: 'semaphore_outbox_state',
  text: `select sum(last_seq(l.lane) - l.published_seq)::bigint as records,
      coalesce(extract(epoch from clock_timestamp() - min(o.at)), 0)::float8 as "ageSeconds"
    from lanes l
    left join lateral (select o.at from outbox o where o.lane = l.lane and o.seq > l.published_seq order by o.seq limit 1) o on true`,
}

export async function readOutboxState(db: Queryable): Promise<OutboxState> {
  return (await db.query<OutboxState>(STATE)).rows[0]!
}
