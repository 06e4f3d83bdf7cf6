import { MINUTE_MS_BIGINT, minuteOf } from '../terms/minute.ts'
import type { Queryable } from './connect.ts'
import { ofPrimary } from './heads.ts'
import { edge } from './ranges.ts'

/**
 * One statement, because a fold could happen between two. Whole minutes come from the rollup and, above the folded positions, from
 * the rows by (lane, seq), as in `countRange`; `width_bucket` finds the segment of a minute. The rows of minutes that a bound cuts
 * are read by time, and put between the bounds. Only segments and buckets with pings are answered. (The spans are JSON for the
 * reason given in counts-after.ts.)
 */
const BUCKETS = {
  name: 'ping_count_buckets',
  text: `
    select whole.segments, whole.segment_counts, cut.buckets, cut.bucket_counts
    from (
      select coalesce(array_agg(s.segment), '{}') as segments, coalesce(array_agg(s.count), '{}') as segment_counts
      from (
        select counted.segment, sum(counted.count)::bigint as count from (
          select width_bucket(m.minute, $1::bigint[]) as segment, m.count
          from ping_minutes m where m.minute >= $2 and m.minute < $3
          union all
          select tail.segment, tail.count from ping_lanes l cross join lateral (
            select width_bucket(ping_minute(p.pinged_at), $1::bigint[]) as segment, count(*) as count
            from pings p where p.lane = l.lane and p.seq > l.folded_seq
              and ping_minute(p.pinged_at) >= $2 and ping_minute(p.pinged_at) < $3 group by 1
          ) tail
        ) counted group by 1
      ) s
    ) whole
    cross join (
      select coalesce(array_agg(b.bucket), '{}') as buckets, coalesce(array_agg(b.count), '{}') as bucket_counts
      from jsonb_to_recordset($5) as u (start_ms bigint, stop_ms bigint)
      cross join lateral (
        select width_bucket(ping_time_ms(p.pinged_at), $4::bigint[]) as bucket, count(*) as count
        from pings p where p.pinged_at >= ${edge('u.start_ms')} and p.pinged_at < ${edge('u.stop_ms')} group by 1
      ) b
    ) cut
    where not pg_is_in_recovery()`,
}

interface BucketsRow {
  /** 1 for the minutes from the first threshold on. */
  readonly segments: readonly number[]
  readonly segment_counts: readonly bigint[]
  /** 1 for the bucket of the first bound. One may occur several times. */
  readonly buckets: readonly number[]
  readonly bucket_counts: readonly bigint[]
}

/** How the minutes of adjacent buckets are counted. */
export interface BucketPlan {
  /** First minutes of segments, ascending; the last one is the minute after the last segment. */
  readonly minutes: readonly number[]
  /** By segment: the index of its bucket. Undefined: bounds cut these minutes, so their rows are counted. */
  readonly bucketOf: readonly (number | undefined)[]
  /** The times of minutes that bounds cut, adjacent ones together. */
  readonly spans: readonly (readonly [startMs: bigint, stopMs: bigint])[]
}

/**
 * The number of pings in each of the adjacent buckets [boundsMs[i], boundsMs[i + 1]), exact and of one instant. Bounds are int64 and
 * strictly ascending.
 */
export async function countBuckets(db: Queryable, boundsMs: readonly bigint[]): Promise<readonly bigint[]> {
  const { minutes, bucketOf, spans } = planBuckets(boundsMs)
  const [first, end] = [minutes.at(0) ?? 0, minutes.at(-1) ?? 0]
  const json = `[${spans.map(([startMs, stopMs]) => `{"start_ms":${startMs},"stop_ms":${stopMs}}`).join()}]`
  const values = [`{${minutes.join()}}`, first, end, `{${boundsMs.join()}}`, json]
  const row = ofPrimary((await db.query<BucketsRow>({ ...BUCKETS, values })).rows)[0]!
  const counts = Array.from({ length: Math.max(0, boundsMs.length - 1) }, () => 0n)
  const add = (bucket: number | undefined, count: bigint): void => {
    if (bucket !== undefined) counts[bucket]! += count
  }
  row.segments.forEach((segment, index) => add(bucketOf[segment - 1], row.segment_counts[index]!))
  row.buckets.forEach((bucket, index) => add(bucket - 1, row.bucket_counts[index]!))
  return counts
}

/** Divides the minutes of adjacent buckets into those of one bucket, and those that a bound cuts. Bounds as in `countBuckets`. */
export function planBuckets(boundsMs: readonly bigint[]): BucketPlan {
  const [startMs, endMs] = [boundsMs.at(0) ?? 0n, boundsMs.at(-1) ?? 0n]
  if (startMs === endMs) return { minutes: [], bucketOf: [], spans: [] }
  const minutes: number[] = []
  const bucketOf: (number | undefined)[] = []
  const begin = (minute: number, bucket: number | undefined): void => {
    while (minutes.length > 0 && minutes.at(-1)! >= minute) {
      minutes.pop()
      bucketOf.pop()
    }
    if (bucket === undefined && minutes.length > 0 && bucketOf.at(-1) === undefined) return // the minute before is cut, too
    minutes.push(minute)
    bucketOf.push(bucket)
  }
  for (const [bucket, boundMs] of boundsMs.entries()) {
    const minute = minuteOf(boundMs)
    const isCut = BigInt(minute) * MINUTE_MS_BIGINT !== boundMs
    if (isCut) begin(minute, undefined)
    begin(isCut ? minute + 1 : minute, bucket)
  }
  bucketOf.pop() // what the last bound begins
  const spans = bucketOf.flatMap((bucket, index) =>
    bucket === undefined ? [[atLeast(startMs, minutes[index]!), atMost(endMs, minutes[index + 1]!)] as const] : [],
  )
  return { minutes, bucketOf, spans }
}

function atLeast(timeMs: bigint, minute: number): bigint {
  const minuteMs = BigInt(minute) * MINUTE_MS_BIGINT
  return minuteMs < timeMs ? timeMs : minuteMs
}

function atMost(timeMs: bigint, minute: number): bigint {
  const minuteMs = BigInt(minute) * MINUTE_MS_BIGINT
  return minuteMs > timeMs ? timeMs : minuteMs
}
