import type { Cache } from '../../counters/connect.ts'
import { lookAtHash, type HashAndMinutes, type HashLook } from '../../counters/hash.ts'
import { readHeads } from '../../ledger/heads.ts'
import type { Pool } from '../../ledger/pool.ts'
import type { Logger } from '../../runtime/logger.ts'
import { within } from '../../runtime/wait.ts'
import { sumOfHeads } from '../../terms/position.ts'
import { UnavailableError } from '../errors.ts'
import { CacheLooks, isFresh, type CacheLook } from './cache-looks.ts'
import { CachedRanges } from './cached-ranges.ts'
import type { CountReaderMetrics } from './count-reader-metrics.ts'
import type { Count, Range } from './count.ts'
import { Floor, type ProvenTotal } from './floor.ts'
import { LedgerRanges } from './ledger-ranges.ts'
import type { PingCounter } from './ping-counter.ts'
import { SharedLookup } from './shared-lookup.ts'

export interface CountReaderOptions {
  readonly pool: Pool
  readonly cache: Cache
  readonly log: Logger
  readonly metrics: CountReaderMetrics
  /** How many lanes there probably are, until Postgres is asked. */
  readonly lanes?: number | undefined
}

const DATABASE_TIMEOUT_MS = 5_000
/** How long a fresh total of the cache waits for Postgres to have as many pings; then it is answered with its age. */
const PROOF_TIMEOUT_MS = 500
/** Under load, a look at the cache serves those who come up to this long after it began. */
const LOOK_KEPT_MS = 4

/**
 * Answers counts: from the cache where that is provably fresh, else from Postgres; when that is away too,
 * the last proven count with its age, or an error. Never a wrong number, never an unmarked old one.
 */
export class CountReader implements PingCounter {
  readonly #options: CountReaderOptions
  readonly #floor = new Floor()
  readonly #looks: CacheLooks
  readonly #cached = new SharedLookup(() => this.#lookAtCache(), { keptMs: () => LOOK_KEPT_MS })
  readonly #cachedRanges: CachedRanges
  readonly #ledgerRanges: LedgerRanges
  readonly #database = new SharedLookup(() => this.#lookAtDatabase())
  /** Only to know which fields to ask the cache for; the hash itself tells if they are all. */
  #lanes: number | undefined
  #lastProven: ProvenTotal | undefined

  constructor(options: CountReaderOptions) {
    this.#options = options
    this.#lanes = options.lanes
    const { cache, metrics } = options
    const onIncomplete = () => void this.#database.get(false).catch(() => undefined) // it reads how many lanes there are
    this.#looks = new CacheLooks({ cache, metrics, lanes: () => this.#laneCount(), onIncomplete })
    this.#cachedRanges = new CachedRanges(this.#looks, metrics)
    this.#ledgerRanges = new LedgerRanges(options.pool)
  }

  async total(strong: boolean): Promise<Count> {
    const answer = await (strong ? this.#strongTotal() : this.#cachedTotal())
    this.#options.metrics.countAnswered(answer.source)
    return answer
  }

  async range(range: Range, strong: boolean): Promise<Count> {
    const cached = strong ? undefined : await this.#cachedRanges.count(range)
    const answer = cached ?? (await this.#databaseRange(range))
    this.#options.metrics.countAnswered(answer.source)
    return answer
  }

  async #strongTotal(): Promise<Count> {
    const proven = await this.#database.get(true).catch((cause: unknown) => {
      throw new UnavailableError('an exact count needs Postgres, which does not answer; try again, or ask for a cached count', { cause })
    })
    return this.#fromDatabase(proven)
  }

  async #cachedTotal(): Promise<Count> {
    const look = await this.#cached.get(false)
    try {
      if (look?.hash && isFresh(look.hash.provenMs) && (await this.#isProven(look.hash.state.total))) {
        const { state, provenMs } = look.hash
        const now = performance.now()
        this.#prove({ total: state.total, beganMs: provenMs })
        const count = this.#floor.answer(state.total, now)
        if (!this.#floor.isDoubtful(now)) return { count, source: 'cache', ageMs: Math.ceil(now - provenMs) }
      }
      // In doubt about the floor, only a look that began after it was set tells.
      return this.#fromDatabase(await this.#database.get(this.#floor.isDoubtful(performance.now())))
    } catch (cause) {
      return this.#lastResort(look, cause)
    }
  }

  /**
   * True if Postgres has had as many pings as the cache says. It is asked only when the cache has more than at the last
   * look, once for all who read then: a total that somebody else wrote into the hash is not answered, whatever else they
   * wrote with it. Rejects if Postgres does not answer.
   */
  async #isProven(total: bigint): Promise<boolean> {
    if (this.#floor.isProven(total)) return true
    await within(PROOF_TIMEOUT_MS, 'Postgres does not answer', this.#database.get(true))
    if (this.#floor.isProven(total)) return true
    this.#options.metrics.cacheNotUsed('unproven')
    return false
  }

  #fromDatabase(proven: ProvenTotal): Count {
    const { log } = this.#options
    const now = performance.now()
    const answered = this.#floor.total
    const settled = this.#floor.settle(proven, now)
    if (settled === 'lost')
      log.error(
        { answered, counted: proven.total },
        'the ledger holds fewer pings than were counted: a failover lost rows, or somebody removed them',
      )
    if (settled === 'unproven')
      log.warn({ answered, counted: proven.total }, 'the cache held more pings than Postgres ever had: somebody else wrote to it')
    return { count: this.#floor.answer(proven.total, now), source: 'database', ageMs: Math.ceil(now - proven.beganMs) }
  }

  /** Postgres is away, and the cache is not fresh: the younger of what the cache holds and what was last proven. */
  #lastResort(look: CacheLook<HashLook<HashAndMinutes>> | undefined, cause: unknown): Count {
    const now = performance.now()
    if (look?.hash) this.#prove({ total: look.hash.state.total, beganMs: look.hash.provenMs })
    if (!look || !this.#lastProven) {
      throw new UnavailableError('neither the cache nor Postgres has a count that can be proven; try again', { cause })
    }
    const { total, beganMs } = this.#lastProven
    return { count: this.#floor.answer(total, now), source: 'cache', ageMs: Math.ceil(now - beganMs) }
  }

  /** Keeps the youngest total that is proven; one of the cache may have come over an older way. */
  #prove(proven: ProvenTotal): void {
    if (proven.beganMs > (this.#lastProven?.beganMs ?? -Infinity)) this.#lastProven = proven
  }

  #lookAtCache() {
    return this.#looks.look((cache, lanes) => lookAtHash(cache, lanes, []))
  }

  async #laneCount(): Promise<number> {
    if (this.#lanes === undefined) await this.#database.get(false)
    return this.#lanes ?? 0
  }

  async #lookAtDatabase(): Promise<ProvenTotal> {
    const beganMs = performance.now()
    const heads = await within(DATABASE_TIMEOUT_MS, 'Postgres does not answer', readHeads(this.#options.pool))
    this.#lanes = heads.length
    const proven = { total: sumOfHeads(heads), beganMs }
    this.#floor.prove(proven)
    this.#prove(proven)
    return proven
  }

  async #databaseRange(range: Range): Promise<Count> {
    const beganMs = performance.now()
    try {
      const count = await this.#ledgerRanges.count(range)
      return { count, source: 'database', ageMs: Math.ceil(performance.now() - beganMs) }
    } catch (cause) {
      throw new UnavailableError('the count of this range needs Postgres, which does not answer; try again', { cause })
    }
  }
}
