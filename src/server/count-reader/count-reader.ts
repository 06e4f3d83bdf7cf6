import type { Cache } from '../../counters/connect.ts'
import { lookAtHash, type HashAndMinutes, type HashLook } from '../../counters/hash.ts'
import { readHeads, readProgress, type LaneProgress } from '../../ledger/heads.ts'
import type { Pool } from '../../ledger/pool.ts'
import type { Logger } from '../../runtime/logger.ts'
import { SharedLookup } from '../../runtime/shared-lookup.ts'
import { within } from '../../runtime/wait.ts'
import { sumOfHeads, type Head } from '../../terms/position.ts'
import { tracedPart } from '../../tracing/traced-part.ts'
import type { Span } from '../../tracing/tracing.ts'
import { UnavailableError } from '../../transport/errors.ts'
import { CacheLooks, isFresh, type CacheLook } from './cache-looks.ts'
import { CachedRanges, type CachedMinutes } from './cached-ranges.ts'
import type { CountReaderMetrics } from './count-reader-metrics.ts'
import type { Count, Range } from './count.ts'
import { Floor, type ProvenTotal } from './floor.ts'
import { LedgerRanges } from './ledger-ranges.ts'
import { CACHE_LOOK, DATABASE_LOOK } from './look-spans.ts'
import type { PingCounter } from './ping-counter.ts'

export interface CountReaderOptions {
  readonly pool: Pool
  readonly cache: Cache
  readonly log: Logger
  readonly metrics: CountReaderMetrics
  /** The expected number of lanes, until Postgres is read. */
  readonly lanes?: number | undefined
  /** How long a read of the cache may take. Default: 50 ms. */
  readonly cacheTimeoutMs?: number | undefined
  /** How long a look at Postgres may take, also one that proves a total from the cache. Default: 5 s, and 500 ms for a proof. */
  readonly databaseTimeoutMs?: number | undefined
}

const DATABASE_TIMEOUT_MS = 5_000
/** How long a fresh total from the cache waits for Postgres to confirm it. After that it is answered with its age. */
const PROOF_TIMEOUT_MS = 500
/** Under load, a read of the cache also serves readers that arrive up to this long after it began. */
const LOOK_KEPT_MS = 4

/**
 * Answers counts from the cache if it is provably fresh, otherwise from Postgres. If Postgres is unreachable too, answers the last
 * proven count with its age, or an error. Never a wrong count, and never an old one without its age.
 */
export class CountReader implements PingCounter {
  readonly #options: CountReaderOptions
  readonly #floor = new Floor()
  readonly #looks: CacheLooks
  readonly #cached = new SharedLookup(() => this.#lookAtCache(), { keptMs: () => LOOK_KEPT_MS })
  readonly #cachedRanges: CachedRanges
  readonly #ledgerRanges: LedgerRanges
  readonly #database = new SharedLookup(() => this.#lookAtDatabase())
  /** Used only to choose which fields to read from the cache. Whether these are all is checked in the hash itself. */
  #lanes: number | undefined
  #lastProven: ProvenTotal | undefined

  constructor(options: CountReaderOptions) {
    this.#options = options
    this.#lanes = options.lanes
    const { cache, metrics, cacheTimeoutMs: timeoutMs } = options
    const onIncomplete = () => void this.#database.get(false).catch(() => undefined) // it reads the number of lanes
    this.#looks = new CacheLooks({ cache, metrics, lanes: () => this.#laneCount(), onIncomplete, timeoutMs })
    this.#cachedRanges = new CachedRanges(this.#looks, metrics)
    this.#ledgerRanges = new LedgerRanges(options.pool)
  }

  get #databaseTimeoutMs(): number {
    return this.#options.databaseTimeoutMs ?? DATABASE_TIMEOUT_MS
  }

  get answered(): bigint {
    return this.#floor.total
  }

  async total(strong: boolean, span?: Span): Promise<Count> {
    const answer = await (strong ? this.#strongTotal(span) : this.#cachedTotal(span))
    this.#options.metrics.countAnswered(answer.source)
    return answer
  }

  async range(range: Range, strong: boolean, span?: Span): Promise<Count> {
    const cached = strong ? undefined : await tracedPart(span, CACHE_LOOK, this.#cachedRanges.count(range))
    const answer = cached ?? (await this.#databaseRange(range, span))
    this.#options.metrics.countAnswered(answer.source)
    return answer
  }

  /** The minutes of a range from the cache. Undefined if it does not have all of them, or is not fresh. */
  cachedMinutes(range: Range): Promise<CachedMinutes | undefined> {
    return this.#cachedRanges.minutes(range)
  }

  /** How far each lane is, from Postgres. Rejects if Postgres does not answer. */
  async progress(): Promise<readonly LaneProgress[]> {
    const beganMs = performance.now()
    const lanes = await within(this.#databaseTimeoutMs, 'Postgres does not answer', readProgress(this.#options.pool))
    this.#learn(lanes, beganMs)
    return lanes
  }

  /** What is in the cache, by the look that totals at the same time share. Undefined if the cache is unreachable. */
  cacheLook(): Promise<CacheLook<HashLook<HashAndMinutes>> | undefined> {
    return this.#cached.get(false)
  }

  async #strongTotal(span: Span | undefined): Promise<Count> {
    const proven = await tracedPart(span, DATABASE_LOOK, this.#database.get(true)).catch((cause: unknown) => {
      throw new UnavailableError('an exact count needs Postgres, which does not answer; try again, or ask for a cached count', { cause })
    })
    return this.#fromDatabase(proven)
  }

  async #cachedTotal(span: Span | undefined): Promise<Count> {
    const look = await tracedPart(span, CACHE_LOOK, this.#cached.get(false))
    try {
      if (look?.hash && isFresh(look.hash.provenMs) && (await this.#isProven(look.hash.state.total, span))) {
        const { state, provenMs } = look.hash
        const now = performance.now()
        this.#prove({ total: state.total, beganMs: provenMs })
        const count = this.#floor.answer(state.total, now)
        if (!this.#floor.isDoubtful(now)) return { count, source: 'cache', ageMs: Math.ceil(now - provenMs) }
      }
      // If the floor is doubtful, only a look-up that begins after it was set can decide.
      return this.#fromDatabase(await tracedPart(span, DATABASE_LOOK, this.#database.get(this.#floor.isDoubtful(performance.now()))))
    } catch (cause) {
      return this.#lastResort(look, cause)
    }
  }

  /**
   * True if Postgres has had as many pings as the cache says. Postgres is read only when the cache has more than at the last
   * look-up, once for all concurrent readers. So a total that another client wrote into the hash is never answered, no matter what
   * else it wrote. Rejects if Postgres does not answer.
   */
  async #isProven(total: bigint, span: Span | undefined): Promise<boolean> {
    if (this.#floor.isProven(total)) return true
    const timeoutMs = this.#options.databaseTimeoutMs ?? PROOF_TIMEOUT_MS
    await tracedPart(span, DATABASE_LOOK, within(timeoutMs, 'Postgres does not answer', this.#database.get(true)))
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
        'the ledger has fewer pings than were counted: a failover lost rows, or rows were deleted',
      )
    if (settled === 'unproven')
      log.warn({ answered, counted: proven.total }, 'the cache had more pings than Postgres ever had: another client wrote to it')
    return { count: this.#floor.answer(proven.total, now), source: 'database', ageMs: Math.ceil(now - proven.beganMs) }
  }

  /** While Postgres is unreachable and the cache is not fresh: the younger of the cache's total and the last proven total. */
  #lastResort(look: CacheLook<HashLook<HashAndMinutes>> | undefined, cause: unknown): Count {
    const now = performance.now()
    if (look?.hash) this.#prove({ total: look.hash.state.total, beganMs: look.hash.provenMs })
    if (!look || !this.#lastProven) {
      throw new UnavailableError('neither the cache nor Postgres can prove a count; try again', { cause })
    }
    const { total, beganMs } = this.#lastProven
    return { count: this.#floor.answer(total, now), source: 'cache', ageMs: Math.ceil(now - beganMs) }
  }

  /** Keeps the youngest proven total. A total from the cache may be older than the one that is kept. */
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
    const heads = await within(this.#databaseTimeoutMs, 'Postgres does not answer', readHeads(this.#options.pool))
    return this.#learn(heads, beganMs)
  }

  #learn(heads: readonly Head[], beganMs: number): ProvenTotal {
    this.#lanes = heads.length
    const proven = { total: sumOfHeads(heads), beganMs }
    this.#floor.prove(proven)
    this.#prove(proven)
    return proven
  }

  async #databaseRange(range: Range, span: Span | undefined): Promise<Count> {
    const beganMs = performance.now()
    try {
      const count = await tracedPart(span, DATABASE_LOOK, this.#ledgerRanges.count(range))
      return { count, source: 'database', ageMs: Math.ceil(performance.now() - beganMs) }
    } catch (cause) {
      throw new UnavailableError('the count of this range needs Postgres, which does not answer; try again', { cause })
    }
  }
}
