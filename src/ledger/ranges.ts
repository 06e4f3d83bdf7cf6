import { MINUTE_MS_BIGINT, minuteOf } from '../terms/minute.ts'
import type { Queryable } from './connect.ts'
import { ofPrimary } from './heads.ts'

/** Bounds beyond these mean "from the first" and "to the last" ping: no row's time is outside. */
const BEFORE_ALL_MS = -210_866_803_200_000n // Postgres' first timestamp, 4714 BC
const AFTER_ALL_MS = 9_224_318_016_000_000n // the first that Postgres does not have, year 294 277
/** The maximum of ping_time, because make_interval takes hours as a 32-bit number. The rest is added in days, which is exact as sessions use UTC. */
const PING_TIME_MAX_MS = 7_200_000_000_000_000n

/**
 * One statement, because a fold could happen between two. Whole minutes come from the rollup and, above the
 * folded positions, from the rows by (lane, seq). There the minute is an expression so that Postgres does not
 * choose the index on time, and each lane is counted in a subquery because a join would be planned as a scan
 * of all rows. The partial minutes at both edges come from the rows by time.
 */
const RANGE = {
  name: 'ping_count_range',
  text: `
    select (
      (select coalesce(sum(m.count), 0) from ping_minutes m where m.minute >= $1 and m.minute < $2)
      + (select coalesce(sum(tail.count), 0) from ping_lanes l cross join lateral (
          select count(*) as count from pings p where p.lane = l.lane and p.seq > l.folded_seq
            and ping_minute(p.pinged_at) >= $1 and ping_minute(p.pinged_at) < $2
        ) tail)
      + (select count(*) from pings p where p.pinged_at >= e.start_1 and p.pinged_at < e.end_1)
      + (select count(*) from pings p where p.pinged_at >= e.start_2 and p.pinged_at < e.end_2)
    )::bigint as count
    from (select ${edge('$3')} as start_1, ${edge('$4')} as end_1, ${edge('$5')} as start_2, ${edge('$6')} as end_2) e
    where not pg_is_in_recovery()`,
}

/** An SQL expression for the Postgres time of an int64 parameter in ms. */
export function edge(parameter: string): string {
  return `case when ${parameter}::bigint >= ${AFTER_ALL_MS} then timestamptz 'infinity'
    when ${parameter}::bigint <= ${BEFORE_ALL_MS} then timestamptz '-infinity'
    when ${parameter}::bigint > ${PING_TIME_MAX_MS}
      then ping_time(${PING_TIME_MAX_MS}) + (ping_time(${parameter}::bigint - ${PING_TIME_MAX_MS}) - ping_time(0))
    else ping_time(${parameter}::bigint) end`
}

/** The number of pings in [startMs, endMs), exact; any int64 bounds with startMs ≤ endMs. */
export async function countRange(db: Queryable, startMs: bigint, endMs: bigint): Promise<bigint> {
  const result = await db.query<{ count: bigint }>({ ...RANGE, values: splitRange(startMs, endMs).map(String) })
  return ofPrimary(result.rows)[0]!.count
}

/** [first whole minute, minute after the last whole one, first edge's start and end, second edge's start and end]. */
export function splitRange(startMs: bigint, endMs: bigint): readonly bigint[] {
  const firstMinute = -BigInt(minuteOf(-startMs))
  const endMinute = BigInt(minuteOf(endMs))
  if (firstMinute >= endMinute) return [0n, 0n, startMs, endMs, 0n, 0n]
  return [firstMinute, endMinute, startMs, firstMinute * MINUTE_MS_BIGINT, endMinute * MINUTE_MS_BIGINT, endMs]
}
