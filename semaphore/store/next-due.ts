import type { Queryable } from '../../src/postgres/connect.ts'

/** Two index look-ups for each lane. Postgres' own clock: clocks of hosts are never compared. */
const NEXT_DUE = {
  name: 'semaphore_next_due',
  text: `select ceil(extract(epoch from min(d.due_at) - clock_timestamp()) * 1000)::float8 as in_ms
    from lanes l
    cross join lateral (
      select least(
        (select s.lease_until + $1 * interval '1 millisecond' from slots s where s.lane = l.lane and s.lease_until is not null order by s.lease_until limit 1),
        (select to_timestamp(r.due_us / 1000000.0) from resources r where r.lane = l.lane and r.due_us is not null order by r.due_us limit 1)
      ) as due_at
      offset 0
    ) d`,
}

/** In how many ms the next lease expires or a grant is due that a rate has held back; 0 or less: now. Undefined: there is nothing to wait for. */
export async function nextDueInMs(db: Queryable, graceMs: number): Promise<number | undefined> {
  const { rows } = await db.query<{ in_ms: number | null }>({ ...NEXT_DUE, values: [graceMs] })
  return rows[0]?.in_ms ?? undefined
}

/** In pages, by name: all resources in which commands wait, as a raised default may let some of them run. */
const WAITING_RESOURCES = {
  name: 'semaphore_waiting_resources',
  text: `select r.resource, r.places > r.grants + r.drops as is_waiting from resources r where r.resource > $1 order by r.resource limit $2`,
}

export interface WaitingResources {
  readonly resources: readonly string[]
  /** Where the next page starts; undefined: this is the last one. */
  readonly next: string | undefined
}

/** A page of at most `limit` resources, of which those with a queue are returned. Start with an empty string. */
export async function waitingResources(db: Queryable, after: string, limit: number): Promise<WaitingResources> {
  const { rows } = await db.query<{ resource: string; is_waiting: boolean }>({ ...WAITING_RESOURCES, values: [after, limit] })
  const resources = rows.filter(row => row.is_waiting).map(({ resource }) => resource)
  return { resources, next: rows.length === limit ? rows.at(-1)!.resource : undefined }
}
