import { countBuckets } from '../../ledger/buckets.ts'
import type { Pool } from '../../ledger/pool.ts'
import { UnavailableError } from '../../transport/errors.ts'
import type { CountReaderMetrics } from '../count-reader/count-reader-metrics.ts'
import type { BucketQuestion, Buckets, PingBuckets } from './buckets.ts'
import { bucketStarts } from './calendar.ts'

export interface BucketReaderOptions {
  readonly pool: Pool
  readonly metrics: Pick<CountReaderMetrics, 'countAnswered'>
}

export class BucketReader implements PingBuckets {
  readonly #options: BucketReaderOptions

  constructor(options: BucketReaderOptions) {
    this.#options = options
  }

  async list({ range, unit, timeZone }: BucketQuestion): Promise<Buckets> {
    const starts = bucketStarts(range, unit, timeZone).map(BigInt)
    const bounds = [range.startMs, ...starts.slice(1), range.endMs]
    const beganMs = performance.now()
    try {
      const counts = await countBuckets(this.#options.pool, bounds)
      this.#options.metrics.countAnswered('database')
      const buckets = starts.map((startMs, index) => ({ startMs, count: counts[index]! }))
      return { buckets, source: 'database', ageMs: Math.ceil(performance.now() - beganMs) }
    } catch (cause) {
      throw new UnavailableError('the counts of these buckets need Postgres, which does not answer; try again', { cause })
    }
  }
}
