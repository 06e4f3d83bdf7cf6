import type { Queryable } from '../../src/postgres/connect.ts'

/** A rule that the rows of the semaphore break, and how often. */
export interface Inconsistency {
  readonly rule: string
  readonly count: bigint
}

/** Each rule as a query of the rows that break it. */
const RULES: readonly (readonly [rule: string, broken: string])[] = [
  [
    'waiting commands: as many rows as places given minus grants minus drops',
    `select from resources r where r.places - r.grants - r.drops <> (select count(*) from waiting w where w.resource = r.resource)`,
  ],
  [
    'a command in no final state either waits or holds a slot',
    `select from commands c where c.state is null
      and (select count(*) from waiting w where (w.resource, w.rank, w.place, w.command_id) = (c.resource, c.rank, c.place, c.command_id))
        + (select count(*) from slots s where (s.resource, s.command_id) = (c.resource, c.command_id)) <> 1`,
  ],
  [
    'a waiting row and a slot belong to a command in no final state',
    `select from (select resource, command_id from waiting union all select resource, command_id from slots) h
      where not exists (select from commands c where (c.command_id, c.resource) = (h.command_id, h.resource) and c.state is null)`,
  ],
  [
    'a token is given once, and none is above the number of grants',
    `select from (
        select resource, token from slots union all select resource, token from commands where token is not null
      ) t group by resource, token having count(*) > 1 or token > (select r.grants from resources r where r.resource = t.resource)`,
  ],
  [
    'places are 1, 2, 3 … without gaps',
    `select from commands c group by resource having max(place) <> count(*) or min(place) <> 1 or count(distinct place) <> count(*)`,
  ],
  [
    'every waiting command and every slot is after the start of its search',
    `select from resources r where exists (select from waiting w where w.resource = r.resource and (w.rank, w.place) <= (r.head_rank, r.head_place))
      or exists (select from slots s where s.resource = r.resource and s.token < r.first_token)`,
  ],
  [
    'the totals are the sums of the rows',
    `select from (select sum(accepted) as accepted, sum(granted) as granted, sum(dropped) as dropped, sum(finished) as finished,
        sum(cancelled) as cancelled, sum(expired) as expired from totals) t
      cross join (select coalesce(sum(places), 0) as places, coalesce(sum(grants), 0) as grants, coalesce(sum(drops), 0) as drops from resources) r
      cross join (select count(*) filter (where state = 4) as finished, count(*) filter (where state = 5) as cancelled,
        count(*) filter (where state = 6) as expired from commands) c
      where (t.accepted, t.granted, t.dropped, t.finished, t.cancelled, t.expired) <> (r.places, r.grants, r.drops, c.finished, c.cancelled, c.expired)`,
  ],
  [
    'the outbox is without gaps after the published position',
    `select from lanes l where exists (select from outbox o where o.lane = l.lane and o.seq <= l.published_seq)
      or (select coalesce(max(o.seq), l.published_seq) - l.published_seq <> count(*) from outbox o where o.lane = l.lane)`,
  ],
]

/** All rules in one statement, so that they see one instant. */
const VERIFY = RULES.map(([, broken], at) => `select ${at} as rule, count(*) as count from (${broken}) broken`).join(' union all ')

/** The rules that rows break; none if all is well. Reads every row: slow, for checks only. */
export async function verifyStore(db: Queryable): Promise<readonly Inconsistency[]> {
  const { rows } = await db.query<{ rule: number; count: bigint }>(VERIFY)
  return rows.filter(({ count }) => count > 0n).map(({ rule, count }) => ({ rule: RULES[rule]![0], count }))
}
