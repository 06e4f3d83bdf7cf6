import type { Cache } from '../../counters/connect.ts'
import { FRESH_WITHIN_MS } from '../../counters/freshness.ts'
import { freshnessOf, totalHolds, type HashLook, type HashState } from '../../counters/hash.ts'
import { within } from '../../runtime/wait.ts'
import type { CountReaderMetrics } from './count-reader-metrics.ts'
import type { Count } from './count.ts'

const CACHE_TIMEOUT_MS = 50

/** What the cache answered, which may prove nothing. */
export type CacheLook<Look extends HashLook<unknown>> = Omit<Look, 'hash'> & {
  /** Undefined if it is lost, claimed, or made for another number of lanes. */
  readonly hash: (NonNullable<Look['hash']> & { readonly provenMs: number }) | undefined
}

export interface CacheLooksOptions {
  readonly cache: Cache
  readonly metrics: CountReaderMetrics
  /** How many lanes there probably are: the hash itself tells if they are all. Rejects if nobody knows. */
  readonly lanes: () => Promise<number>
  /** Called when the hash is not whole: perhaps lanes were added. */
  readonly onIncomplete: () => void
}

/** Looks at the cache, and counts why one served nobody. */
export class CacheLooks {
  readonly #options: CacheLooksOptions

  constructor(options: CacheLooksOptions) {
    this.#options = options
  }

  /** What `read` finds, with the time to which every lane is complete, by the monotonic clock. Undefined if the cache is away. */
  async look<Look extends HashLook<{ readonly state: HashState }>>(
    read: (cache: Cache, lanes: number) => Promise<Look>,
    timeoutMs = CACHE_TIMEOUT_MS,
  ): Promise<CacheLook<Look> | undefined> {
    const { cache, metrics, lanes, onIncomplete } = this.#options
    try {
      const count = await lanes()
      // Ages count from before the question, and the hash is read before the clock: none is told too small.
      const beganMs = performance.now()
      const look = await within(timeoutMs, 'the cache does not answer', read(cache, count))
      const hash = look.hash as NonNullable<Look['hash']> | undefined
      if (!hash || !totalHolds(hash.state)) {
        metrics.cacheNotUsed('incomplete')
        onIncomplete()
        return { ...look, hash: undefined }
      }
      const ageMs = freshnessOf(hash.state, look.timeMs)
      if (ageMs > FRESH_WITHIN_MS) metrics.cacheNotUsed('stale')
      return { ...look, hash: { ...hash, provenMs: beganMs - ageMs } }
    } catch {
      metrics.cacheNotUsed('unreachable')
      return undefined
    }
  }
}

/** True if what was proven for this time, by the monotonic clock in ms, may still be answered. */
export function isFresh(provenMs: number): boolean {
  return performance.now() - provenMs <= FRESH_WITHIN_MS
}

/** A count of the cache, unless it is not fresh. */
export function freshCount(count: bigint, provenMs: number): Count | undefined {
  return isFresh(provenMs) ? { count, source: 'cache', ageMs: Math.ceil(performance.now() - provenMs) } : undefined
}
