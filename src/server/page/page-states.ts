import type { HashAndMinutes, HashLook } from '../../counters/hash.ts'
import type { LaneProgress } from '../../ledger/heads.ts'
import { Feed } from '../../runtime/feed.ts'
import { MINUTE_MS, minuteOfClock } from '../../terms/minute.ts'
import { sumOfHeads } from '../../terms/position.ts'
import type { CacheLook } from '../count-reader/cache-looks.ts'
import type { CachedMinutes } from '../count-reader/cached-ranges.ts'
import type { Count, Range } from '../count-reader/count.ts'
import type { PingCounter } from '../count-reader/ping-counter.ts'
import { lanesOf } from './lanes-of.ts'
import { Looks } from './looks.ts'
import { sameState, type NewestMinutes, type PageState } from './page-state.ts'
import { partsOf, type Signs } from './parts.ts'
import { Rate } from './rate.ts'
import { StuckLanes } from './stuck-lanes.ts'

/** What the page reads: the count reader. */
export interface PageReader extends Pick<PingCounter, 'total'> {
  progress(): Promise<readonly LaneProgress[]>
  /** Undefined if the cache is unreachable. */
  cacheLook(): Promise<CacheLook<HashLook<HashAndMinutes>> | undefined>
  /** Undefined if the cache does not have all minutes of the range, or is not fresh. */
  cachedMinutes(range: Range): Promise<CachedMinutes | undefined>
}

export interface PageStatesOptions {
  readonly reader: PageReader
  /** Whether Postgres accepted writes at the last check. Undefined: it was not checked yet. */
  readonly canWrite: () => boolean | undefined
  /** Since when Kafka accepts nothing from this server, in ms of the monotonic clock. */
  readonly kafkaRefusedSinceMs: () => number | undefined
  /** How many batches this server has recorded. Default: not known. */
  readonly recordedBatches?: () => number
  /** Time between two looks. In ms. */
  readonly intervalMs?: number
  /** How long a state also serves others that ask, from when its look began. In ms. */
  readonly keptMs?: number
}

/** The newest state. */
interface Kept {
  readonly state: Promise<PageState>
  readonly beganMs: number
  /** How many batches this server had recorded when the look began. */
  readonly recorded: number
  /** Whether it had recorded none since the look before. Otherwise, some of their pings may have been missing in the cache. */
  readonly isQuiet: boolean
}

const INTERVAL_MS = 1_000
/**
 * A state without news is sent again after this long, with its times. With many viewers later, so that together they get ten a second:
 * at rest they cost next to nothing. A browser takes a stream that is silent for 20 s for dead.
 */
const REPEAT_MS = { min: 5_000, forEach: 100, max: 12_000 }
/** While nothing changes and this server records nothing, the looks are further apart. In ms. */
const CALM_AGAIN_MS = 1_900
/** So viewers that poll and those that begin to watch cost four looks a second, no matter how many they are. */
const KEPT_MS = 250
/** Most pings are in the newest minutes. So viewers need not ask for them, each by a call. */
const NEWEST_MINUTES = 3
/** How long a state waits for Postgres, and then for the rest. What has not answered is shown as it is known. In ms. */
const WAIT_MS = { postgres: 300, rest: 300 }
/** While nothing changes, Postgres is read again after this long: the cache alone shows each change. In ms. */
const LEDGER_AGAIN_MS = 4_500
/** Lanes that were read longer ago are not shown. In ms. */
const LANES_KEPT_MS = 7_000

/** What the live page shows. All viewers share the looks at it: one a second, and none without viewers. At rest there is one every two seconds, of the cache alone. */
export class PageStates {
  readonly #options: PageStatesOptions
  readonly #ledger: Looks<readonly LaneProgress[]>
  readonly #cache: Looks<CacheLook<HashLook<HashAndMinutes>>>
  readonly #total: Looks<{ readonly count: Count; readonly answeredMs: number }>
  readonly #minutes: Looks<NewestMinutes | undefined>
  readonly #rate = new Rate()
  readonly #stuck = new StuckLanes()
  #incompleteSinceMs: number | undefined
  #feed: Feed<PageState> | undefined
  #kept: Kept | undefined

  constructor(options: PageStatesOptions) {
    const { reader } = options
    this.#options = options
    this.#ledger = new Looks(() => this.#readLedger())
    this.#cache = new Looks(() => this.#readCache())
    this.#minutes = new Looks(() => this.#readMinutes())
    this.#total = new Looks(async () => ({ count: await reader.total(false), answeredMs: performance.now() }))
  }

  /** The state now, or up to 250 ms ago. Never rejects: what is unreachable is in the state. */
  now(): Promise<PageState> {
    const { keptMs = KEPT_MS } = this.#options
    const beganMs = performance.now()
    if (this.#kept !== undefined && beganMs - this.#kept.beganMs < keptMs) return this.#kept.state
    const recorded = this.#recorded()
    this.#kept = { state: this.#look(), beganMs, recorded, isQuiet: recorded === (this.#kept?.recorded ?? recorded) }
    return this.#kept.state
  }

  /** The state at once, then the newest after each change, at least a second apart, and without one after 5 to 12 s the same with its times. */
  watch(ended: AbortSignal): AsyncGenerator<PageState> {
    if (this.#feed === undefined || this.#feed.isOver) this.#feed = this.#newFeed()
    void this.now() // not with the last state at rest: its total might be lower than one that the viewer has seen
    return this.#feed.watch(ended)
  }

  #newFeed(): Feed<PageState> {
    const { intervalMs = INTERVAL_MS } = this.#options
    const repeatMs = (): number => Math.min(Math.max(REPEAT_MS.min, feed.watchers * REPEAT_MS.forEach), REPEAT_MS.max)
    const feed = new Feed<PageState>({
      look: () => this.#lastIfCalm() ?? this.now(),
      isSame: (shown, found) => sameState(shown, found) && Math.abs(found.atMs - shown.atMs) < repeatMs(), // a clock may be set back
      pauseMs: () => intervalMs,
    })
    return feed
  }

  /** The last state, if it need not be looked for again: see CALM_AGAIN_MS. */
  #lastIfCalm(): Promise<PageState> | undefined {
    if (this.#kept?.isQuiet !== true || performance.now() - this.#kept.beganMs >= CALM_AGAIN_MS) return undefined
    return this.#kept.recorded === this.#recorded() && this.#isCalm() ? this.#kept.state : undefined
  }

  #recorded(): number {
    return this.#options.recordedBatches?.() ?? 0
  }

  async #look(): Promise<PageState> {
    const wasCalm = this.#isCalm()
    if (!wasCalm) await this.#ledger.look(WAIT_MS.postgres) // first: a total that Postgres has just had needs no further proof
    const beganMs = performance.now()
    await Promise.all([this.#total.look(WAIT_MS.rest), this.#cache.look(WAIT_MS.rest)])
    if (wasCalm && this.#isCalm()) this.#confirmTotal()
    else {
      const leftMs = Math.max(0, beganMs + WAIT_MS.rest - performance.now())
      const minutes = this.#minutes.look(leftMs) // after the total, so that they have every ping of it
      await Promise.all(wasCalm ? [minutes, this.#ledger.look(WAIT_MS.postgres)] : [minutes])
    }
    return this.#state(Date.now(), performance.now())
  }

  /** Takes the total of the cache, which has not changed, as that of Postgres. */
  #confirmTotal(): void {
    const nowMs = performance.now()
    const total = this.#totalAt(nowMs)
    if (total !== undefined) this.#rate.note(total.count, nowMs - total.ageMs)
  }

  /** Whether Postgres was read lately, and nothing has changed or is wrong: every ping is in Kafka and in the cache, which is fresh. */
  #isCalm(): boolean {
    const nowMs = performance.now()
    const ledger = this.#ledger.last
    const total = this.#totalAt(nowMs)
    if (ledger === undefined || nowMs - ledger.beganMs >= LEDGER_AGAIN_MS || this.#ledger.silentMs(nowMs) > 0) return false
    if (total?.source !== 'cache' || total.count !== sumOfHeads(ledger.found) || waitingIn(ledger.found) > 0n) return false
    return this.#options.canWrite() !== false && this.#cache.silentMs(nowMs) === 0
  }

  async #readLedger(): Promise<readonly LaneProgress[]> {
    const lanes = await this.#options.reader.progress()
    const nowMs = performance.now()
    this.#rate.note(sumOfHeads(lanes), nowMs)
    this.#stuck.note(lanes, nowMs)
    return lanes
  }

  async #readCache(): Promise<CacheLook<HashLook<HashAndMinutes>>> {
    const look = await this.#options.reader.cacheLook()
    if (look === undefined) throw new Error('the cache does not answer')
    this.#incompleteSinceMs = look.hash === undefined ? (this.#incompleteSinceMs ?? performance.now()) : undefined
    return look
  }

  async #readMinutes(): Promise<NewestMinutes | undefined> {
    const first = minuteOfClock(Date.now()) - NEWEST_MINUTES + 1
    const [firstMs, endMs] = [first, first + NEWEST_MINUTES].map(minute => minute * MINUTE_MS) as [number, number]
    const cached = await this.#options.reader.cachedMinutes({ startMs: BigInt(firstMs), endMs: BigInt(endMs) })
    if (cached === undefined) return undefined
    return {
      firstMs,
      counts: Array.from({ length: NEWEST_MINUTES }, (_, index) => BigInt(cached.sums.sum(first + index, first + index + 1))),
    }
  }

  #state(atMs: number, nowMs: number): PageState {
    const total = this.#totalAt(nowMs)
    const ledger = this.#ledger.last
    const cache = this.#cache.silentMs(nowMs) === 0 ? this.#cache.last : undefined
    const lanes = ledger !== undefined && nowMs - ledger.beganMs < LANES_KEPT_MS ? ledger.found : undefined
    return {
      atMs,
      total,
      perSecond: this.#rate.perSecond(nowMs),
      provenAtMs: total && atMs - total.ageMs,
      parts: partsOf(this.#signs(total, nowMs)),
      lanes: lanes && lanesOf(lanes, cache && { look: cache.found, sinceMs: nowMs - cache.beganMs }),
      minutes: this.#minutes.silentMs(nowMs) === 0 ? this.#minutes.last?.found : undefined,
      version: ledger === undefined ? '' : String(sumOfHeads(ledger.found)),
    }
  }

  /** The last total, as old as it has become. Undefined: the last look found that nothing can prove one. */
  #totalAt(nowMs: number): Count | undefined {
    if (this.#total.last === undefined || this.#total.hasFailed) return undefined
    const { count, answeredMs } = this.#total.last.found
    return { ...count, ageMs: Math.ceil(count.ageMs + nowMs - answeredMs) }
  }

  #signs(total: Count | undefined, nowMs: number): Signs {
    const { canWrite, kafkaRefusedSinceMs } = this.#options
    const since = (sinceMs: number | undefined): number => (sinceMs === undefined ? 0 : Math.max(1, nowMs - sinceMs))
    const provenMs = this.#cache.last?.found.hash?.provenMs
    const lanes = this.#ledger.last?.found ?? []
    return {
      postgresSilentMs: this.#ledger.silentMs(nowMs),
      isLedgerKnown: this.#ledger.last !== undefined,
      canWrite: canWrite(),
      cacheSilentMs: this.#cache.silentMs(nowMs),
      incompleteMs: since(this.#incompleteSinceMs),
      cacheAgeMs: provenMs === undefined ? undefined : nowMs - provenMs,
      kafkaRefusedMs: since(kafkaRefusedSinceMs()),
      stuckMs: this.#stuck.stuckMs(nowMs),
      waiting: waitingIn(lanes),
      source: total?.source,
    }
  }
}

/** Pings that are not in Kafka yet. */
function waitingIn(lanes: readonly LaneProgress[]): bigint {
  return lanes.reduce((sum, { seq, published }) => sum + seq - published, 0n)
}
