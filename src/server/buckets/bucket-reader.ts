import { countBuckets } from '../../ledger/buckets.ts'
import type { Pool } from '../../ledger/pool.ts'
import { MINUTE_MS, minuteOf, minuteOfClock } from '../../terms/minute.ts'
import { tracedPart } from '../../tracing/traced-part.ts'
import type { Span } from '../../tracing/tracing.ts'
import { UnavailableError } from '../../transport/errors.ts'
import { isFresh } from '../count-reader/cache-looks.ts'
import type { CachedMinutes } from '../count-reader/cached-ranges.ts'
import type { CountReaderMetrics } from '../count-reader/count-reader-metrics.ts'
import type { Range } from '../count-reader/count.ts'
import { CACHE_LOOK, DATABASE_LOOK } from '../count-reader/look-spans.ts'
import type { Bucket, BucketQuestion, Buckets, PingBuckets } from './buckets.ts'
import { bucketStarts } from './calendar.ts'
import { SharedQuestions } from './shared-questions.ts'

export interface BucketReaderOptions {
  readonly pool: Pool
  readonly metrics: Pick<CountReaderMetrics, 'countAnswered'>
  /** The minutes of a range from the cache. Undefined if it does not have all of them, or is not fresh. */
  readonly cachedMinutes: (range: Range) => Promise<CachedMinutes | undefined>
}

/** Buckets and the time up to which they are complete, in ms of the monotonic clock. */
interface Look {
  readonly buckets: readonly Bucket[]
  readonly source: Buckets['source']
  readonly completeToMs: number
}

/** Maximum number of questions whose answers are shared; an answer takes up to a megabyte. */
const MAX_QUESTIONS = 8
/** How long an answer that several callers shared also serves later ones, from when it was sought. In ms. */
const KEPT_MS = { cache: 100, database: 1_000 }

/**
 * Counts the buckets of a range: from the cache if that is fresh and has all their minutes, otherwise from Postgres, by one statement.
 * All buckets of an answer are of one instant. Callers that ask the same at the same time share the answer; a strong one gets an
 * answer that was sought after its call.
 */
export class BucketReader implements PingBuckets {
  readonly #options: BucketReaderOptions
  readonly #cached = new SharedQuestions<Look | undefined>({ max: MAX_QUESTIONS, keptMs: () => KEPT_MS.cache })
  readonly #database = new SharedQuestions<Look>({ max: MAX_QUESTIONS, keptMs: () => KEPT_MS.database })

  constructor(options: BucketReaderOptions) {
    this.#options = options
  }

  async list(question: BucketQuestion, span?: Span): Promise<Buckets> {
    const cached = question.strong ? undefined : await tracedPart(span, CACHE_LOOK, this.#askCache(question))
    const isUsable = cached && isFresh(cached.completeToMs)
    const look = isUsable ? cached : await tracedPart(span, DATABASE_LOOK, this.#askDatabase(question))
    this.#options.metrics.countAnswered(look.source)
    return { buckets: look.buckets, source: look.source, ageMs: Math.ceil(performance.now() - look.completeToMs) }
  }

  #askCache(question: BucketQuestion): Promise<Look | undefined> {
    return this.#cached.ask(keyOf(question), false, () => this.#lookAtCache(question))
  }

  #askDatabase(question: BucketQuestion): Promise<Look> {
    return this.#database.ask(keyOf(question), question.strong, () => this.#lookAtDatabase(question))
  }

  /** Undefined if the cache does not have all minutes of the buckets, or is not fresh. */
  async #lookAtCache({ range, unit, timeZone }: BucketQuestion): Promise<Look | undefined> {
    const starts = bucketStarts(range, unit, timeZone)
    const areWholeMinutes = starts.every((start, index) => index === 0 || start % MINUTE_MS === 0)
    const cached = areWholeMinutes ? await this.#options.cachedMinutes(range) : undefined
    if (!cached) return undefined
    const { sums, provenMs } = cached
    const [first, end] = [minuteOf(range.startMs), minuteOf(range.endMs)]
    const minutes = starts.map((start, index) => (index === 0 ? first : minuteOfClock(start)))
    const counts = minutes.map((minute, index) => BigInt(sums.sum(minute, minutes[index + 1] ?? end)))
    return { buckets: bucketsOf(starts, counts), source: 'cache', completeToMs: provenMs }
  }

  async #lookAtDatabase({ range, unit, timeZone }: BucketQuestion): Promise<Look> {
    const starts = bucketStarts(range, unit, timeZone)
    const completeToMs = performance.now()
    try {
      const counts = await countBuckets(this.#options.pool, [range.startMs, ...starts.slice(1).map(BigInt), range.endMs])
      return { buckets: bucketsOf(starts, counts), source: 'database', completeToMs }
    } catch (cause) {
      throw new UnavailableError('the counts of these buckets need Postgres, which does not answer; try again', { cause })
    }
  }
}

function keyOf({ range, unit, timeZone }: BucketQuestion): string {
  return `${range.startMs} ${range.endMs} ${unit} ${timeZone}`
}

function bucketsOf(starts: readonly number[], counts: readonly bigint[]): readonly Bucket[] {
  return starts.map((start, index) => ({ startMs: BigInt(start), count: counts[index]! }))
}
