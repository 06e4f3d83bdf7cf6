import type { Cache } from '../../counters/connect.ts'
import { FRESH_WITHIN_MS } from '../../counters/freshness.ts'
import { freshnessOf, totalHolds, type HashLook, type HashState } from '../../counters/hash.ts'
import { within } from '../../runtime/wait.ts'
import type { CountReaderMetrics } from './count-reader-metrics.ts'
import type { Count } from './count.ts'

const CACHE_TIMEOUT_MS = 50

/** What a read of the cache found. It proves nothing unless `hash` is there and fresh. */
export type CacheLook<Look extends HashLook<unknown>> = Omit<Look, 'hash'> & {
  /** Undefined if the hash is missing, claimed, inconsistent, or of another number of lanes. */
  readonly hash: (NonNullable<Look['hash']> & { readonly provenMs: number }) | undefined
}

export interface CacheLooksOptions {
  readonly cache: Cache
  readonly metrics: CountReaderMetrics
  /** The expected number of lanes. Whether the hash has all of them is checked in the hash itself. Rejects if it is not known. */
  readonly lanes: () => Promise<number>
  /** Called when the hash is incomplete: lanes may have been added. */
  readonly onIncomplete: () => void
  /** How long a read may take unless it has a limit of its own. */
  readonly timeoutMs?: number | undefined
}

/** Reads the cache, and counts why a read could not be used. */
export class CacheLooks {
  readonly #options: CacheLooksOptions

  constructor(options: CacheLooksOptions) {
    this.#options = options
  }

  /** What `read` finds, with the time up to which every lane is complete, by the monotonic clock. Undefined if the cache is unreachable. */
  async look<Look extends HashLook<{ readonly state: HashState }>>(
    read: (cache: Cache, lanes: number) => Promise<Look>,
    timeoutMs = this.#options.timeoutMs ?? CACHE_TIMEOUT_MS,
  ): Promise<CacheLook<Look> | undefined> {
    const { cache, metrics, lanes, onIncomplete } = this.#options
    try {
      const count = await lanes()
      // Ages count from before the read, and the hash is read before the cache's clock: no age is too small.
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

/** True if a count that was complete at this time, in ms of the monotonic clock, is still fresh. */
export function isFresh(provenMs: number): boolean {
  return performance.now() - provenMs <= FRESH_WITHIN_MS
}

/** A count from the cache. Undefined if it is not fresh. */
export function freshCount(count: bigint, provenMs: number): Count | undefined {
  return isFresh(provenMs) ? { count, source: 'cache', ageMs: Math.ceil(performance.now() - provenMs) } : undefined
}
