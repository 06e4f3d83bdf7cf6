import type { Span } from '../../tracing/tracing.ts'
import type { Count, Range } from '../count-reader/count.ts'
import type { BucketUnit } from './calendar.ts'

/** What a caller asks about a range, bucket by bucket. */
export interface BucketQuestion {
  readonly range: Range
  readonly unit: BucketUnit
  /** The IANA name of the time zone whose calendar is used. */
  readonly timeZone: string
  /** Exactly, from Postgres. */
  readonly strong: boolean
}

export interface Bucket {
  /** In ms since the Unix epoch. Of the first bucket this may be before the range. */
  readonly startMs: bigint
  /** The pings of the range that are in the bucket. */
  readonly count: bigint
}

/** The buckets of a range, the earliest first, all counted at one instant, and where the counts came from. */
export interface Buckets extends Pick<Count, 'source' | 'ageMs'> {
  readonly buckets: readonly Bucket[]
}

/** Counts buckets. `span`: that of the call, if it is traced. Throws `CalendarError` for what the calendar does not have, and `UnavailableError`. */
export interface PingBuckets {
  list(question: BucketQuestion, span?: Span): Promise<Buckets>
}
