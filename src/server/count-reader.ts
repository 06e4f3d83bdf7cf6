import type { Cache } from '../counters/connect.ts'
import { freshnessOf, readHashAndMinutes, readTimeMs, totalHolds, type HashState } from '../counters/hash.ts'
import { readHeads } from '../ledger/heads.ts'
import type { Pool } from '../ledger/pool.ts'
import { countRange } from '../ledger/ranges.ts'
import type { Logger } from '../runtime/logger.ts'
import { within } from '../runtime/wait.ts'
import { sumOfHeads } from '../terms/position.ts'
import type { Count, CountReader, Range } from './count.ts'
import { UnavailableError } from './errors.ts'
import { Floor, type ProvenTotal } from './floor.ts'
import type { CountReaderMetrics } from './metrics.ts'
import { SharedLookup } from './shared-lookup.ts'

export interface LedgerCountReaderOptions {
  readonly pool: Pool
  readonly cache: Cache
  readonly log: Logger
  readonly metrics: CountReaderMetrics
  /** How many lanes there probably are, until Postgres is asked. */
  readonly lanes?: number | undefined
}

/** The cache's answer counts only if every lane was complete this short a time ago. */
const FRESH_WITHIN_MS = 2_000
const CACHE_TIMEOUT_MS = 50
const DATABASE_TIMEOUT_MS = 5_000
/** How long a fresh total of the cache waits for Postgres to have as many pings; then it is answered with its age. */
const PROOF_TIMEOUT_MS = 500
const MINUTE_MS = 60_000n
/** A range of more minutes is asked of Postgres: that many fields are more work than its one statement. */
const MAX_CACHED_MINUTES = 10_080

/** What the cache answered, which may prove nothing. */
interface CacheLook {
  /** Undefined if it is lost, claimed, or made for another number of lanes. */
  readonly hash: (HashAndMinutes & { readonly provenMs: number }) | undefined
}

interface HashAndMinutes {
  readonly state: HashState
  readonly counts: readonly bigint[]
}

/**
 * Answers counts: from the cache where that is provably fresh, else from Postgres; when that is away too,
 * the last proven count with its age, or an error. Never a wrong number, never an unmarked old one.
 */
export class LedgerCountReader implements CountReader {
  readonly #options: LedgerCountReaderOptions
  readonly #floor = new Floor()
  readonly #cached = new SharedLookup(() => this.#lookAtCache())
  readonly #database = new SharedLookup(() => this.#lookAtDatabase())
  /** Only to know which fields to ask the cache for; the hash itself tells if they are all. */
  #lanes: number | undefined
  #lastProven: ProvenTotal | undefined

  constructor(options: LedgerCountReaderOptions) {
    this.#options = options
    this.#lanes = options.lanes
  }

  async total(strong: boolean): Promise<Count> {
    const answer = await (strong ? this.#strongTotal() : this.#cachedTotal())
    this.#options.metrics.countAnswered(answer.source)
    return answer
  }

  async range(range: Range, strong: boolean): Promise<Count> {
    const cached = strong ? undefined : await this.#cachedRange(range)
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
      if (look?.hash && performance.now() - look.hash.provenMs <= FRESH_WITHIN_MS && (await this.#isProven(look.hash.state.total))) {
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
    this.#options.metrics.cachePassedOver('unproven')
    return false
  }

  #fromDatabase(proven: ProvenTotal): Count {
    const { log } = this.#options
    const now = performance.now()
    const answered = this.#floor.total
    const settled = this.#floor.settle(proven, now)
    if (settled === 'lost') log.error({ answered, counted: proven.total }, 'the ledger holds fewer pings than were counted: a failover lost rows, or somebody removed them')
    if (settled === 'unproven') log.warn({ answered, counted: proven.total }, 'the cache held more pings than Postgres ever had: somebody else wrote to it')
    return { count: this.#floor.answer(proven.total, now), source: 'database', ageMs: Math.ceil(now - proven.beganMs) }
  }

  /** Postgres is away, and the cache is not fresh: the younger of what the cache holds and what was last proven. */
  #lastResort(look: CacheLook | undefined, cause: unknown): Count {
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

  /** Undefined if the cache is away. */
  async #lookAtCache(minutes: readonly number[] = []): Promise<CacheLook | undefined> {
    const { cache, metrics } = this.#options
    try {
      const lanes = await this.#laneCount()
      // Ages count from before the question, and the hash is read before the clock: none is told too small.
      const beganMs = performance.now()
      const looks = Promise.all([readHashAndMinutes(cache, lanes, minutes), readTimeMs(cache)])
      const [hash, timeMs] = await within(CACHE_TIMEOUT_MS, 'the cache does not answer', looks)
      if (!hash || !totalHolds(hash.state)) {
        metrics.cachePassedOver('incomplete')
        this.#database.get(false).catch(() => undefined) // perhaps lanes were added: it reads how many there are
        return { hash: undefined }
      }
      const ageMs = freshnessOf(hash.state, timeMs)
      if (ageMs > FRESH_WITHIN_MS) metrics.cachePassedOver('stale')
      return { hash: { ...hash, provenMs: beganMs - ageMs } }
    } catch {
      metrics.cachePassedOver('unreachable')
      return undefined
    }
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

  /** Undefined if the cache does not hold the whole range, or is not fresh. */
  async #cachedRange({ startMs, endMs }: Range): Promise<Count | undefined> {
    const minutes = endMs - startMs > 0n ? (endMs - startMs) / MINUTE_MS : 0n
    if (startMs % MINUTE_MS !== 0n || endMs % MINUTE_MS !== 0n || minutes > BigInt(MAX_CACHED_MINUTES)) return undefined
    const [first, end] = [Number(startMs / MINUTE_MS), Number(endMs / MINUTE_MS)]
    const look = await this.#lookAtCache(Array.from({ length: Number(minutes) }, (_, index) => first + index))
    if (!look?.hash) return undefined
    const { state, counts, provenMs } = look.hash
    const ageMs = performance.now() - provenMs
    if (ageMs > FRESH_WITHIN_MS || first < state.minutesFrom || end > state.minutesTo) return undefined
    const count = counts.reduce((sum, minute) => sum + minute, 0n)
    if (count <= state.total && counts.every(minute => minute >= 0n)) return { count, source: 'cache', ageMs: Math.ceil(ageMs) }
    this.#options.metrics.cachePassedOver('unproven') // somebody else wrote these minutes
    return undefined
  }

  async #databaseRange({ startMs, endMs }: Range): Promise<Count> {
    const beganMs = performance.now()
    try {
      const count = await countRange(this.#options.pool, startMs, endMs)
      return { count, source: 'database', ageMs: Math.ceil(performance.now() - beganMs) }
    } catch (cause) {
      throw new UnavailableError('the count of this range needs Postgres, which does not answer; try again', { cause })
    }
  }
}
