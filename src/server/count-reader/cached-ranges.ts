import { lookAtHash, lookAtWholeHash } from '../../counters/hash.ts'
import { SharedLookup } from '../../runtime/shared-lookup.ts'
import { MINUTE_MS_BIGINT, minuteOf, minuteOfClock } from '../../terms/minute.ts'
import { freshCount, isFresh, type CacheLooks } from './cache-looks.ts'
import type { CountReaderMetrics } from './count-reader-metrics.ts'
import type { Count, Range } from './count.ts'
import { advanceKept, type KeptMinutes } from './kept-minutes.ts'
import { MinuteSums } from './minute-sums.ts'

/** A range of more minutes is counted in Postgres. */
const MAX_MINUTES = 10_080
/** For a range of up to this many minutes, asked while no other is, only its own fields are read: of a count, and of minutes. */
const MAX_OWN_FIELDS = { count: 256, minutes: 1_500 }
/** Minutes of long ranges that are requested more often than this are kept, as all minutes are. In ms. */
const WORTH_WITHIN_MS = 250
/** A hash with more fields is not read as a whole: Ping never writes that many (the setting `MAX_MINUTES` is at most 100 000). */
const MAX_FIELDS = 120_000
const WHOLE_TIMEOUT_MS = 500
/** All minutes are read again after this long. A change that the sums cannot show (another history, another writer) lasts no longer. */
const WHOLE_AGAIN_MS = 1_000
/** How long, under load, minutes serve later readers: after a read of a few minutes, and after a read of all because too many had changed. */
const KEPT_MS = { some: 4, all: 200 }
/** The minutes that most pings have: some before the current minute, and the next. */
const [MINUTES_BEFORE, MINUTES_AFTER] = [14, 1]

/** The minutes of the cache, as one read found them. */
interface MinutesLook {
  /** Undefined if the minutes cannot come from Ping, or are not kept. */
  readonly sums: MinuteSums | undefined
  readonly provenMs: number
  readonly keptMs: number
}

/** Minutes that the cache has completely. */
export interface CachedMinutes {
  readonly sums: MinuteSums
  /** Every ping acknowledged before this is in the sums, in ms of the monotonic clock. */
  readonly provenMs: number
}

/** Counts ranges in the cache. Readers at the same time share one read, and what it finds is kept for the next. */
export class CachedRanges {
  readonly #looks: CacheLooks
  readonly #metrics: CountReaderMetrics
  readonly #minutes = new SharedLookup(() => this.#lookAtMinutes(), { keptMs: look => look?.keptMs ?? 0 })
  #kept: (KeptMinutes & { readonly wholeMs: number }) | undefined
  #asking = 0
  #longAskedMs = -Infinity

  constructor(looks: CacheLooks, metrics: CountReaderMetrics) {
    this.#looks = looks
    this.#metrics = metrics
  }

  /** Undefined if the cache does not have the whole range, or is not fresh. */
  async count(range: Range): Promise<Count | undefined> {
    const minutes = wholeMinutes(range)
    if (!minutes) return undefined
    const { first, end } = minutes
    this.#asking++
    try {
      if (this.#asking === 1 && end - first <= MAX_OWN_FIELDS.count) return await this.#countOwnFields(first, end)
      const look = await this.#minutes.get(false)
      if (!look) return undefined
      const { sums, provenMs } = look
      if (!sums) return await this.#countOwnFields(first, end)
      return sums.covers(first, end) ? freshCount(BigInt(sums.sum(first, end)), provenMs) : undefined
    } finally {
      this.#asking--
    }
  }

  /** The minutes of a range, by minute. Undefined as in `count`. */
  async minutes(range: Range): Promise<CachedMinutes | undefined> {
    const minutes = wholeMinutes(range)
    if (!minutes) return undefined
    const { first, end } = minutes
    this.#asking++
    try {
      if (this.#asking === 1 && end - first <= this.#maxOwnMinutes(end - first)) return await this.#ownMinutes(first, end)
      const look = await this.#minutes.get(false)
      if (!look) return undefined
      const { sums, provenMs } = look
      if (!sums) return await this.#ownMinutes(first, end)
      return sums.covers(first, end) && isFresh(provenMs) ? { sums, provenMs } : undefined
    } finally {
      this.#asking--
    }
  }

  #maxOwnMinutes(minutes: number): number {
    if (minutes <= MAX_OWN_FIELDS.count) return MAX_OWN_FIELDS.count
    const nowMs = performance.now()
    const isFrequent = nowMs - this.#longAskedMs < WORTH_WITHIN_MS
    this.#longAskedMs = nowMs
    return isFrequent ? MAX_OWN_FIELDS.count : MAX_OWN_FIELDS.minutes
  }

  async #countOwnFields(first: number, end: number): Promise<Count | undefined> {
    const own = await this.#ownFields(first, end)
    return own && freshCount(own.sum, own.provenMs)
  }

  async #ownMinutes(first: number, end: number): Promise<CachedMinutes | undefined> {
    const own = await this.#ownFields(first, end)
    if (!own) return undefined
    const minutes = new Map<number, number>()
    for (const [index, pings] of own.counts.entries()) if (pings > 0n) minutes.set(first + index, Number(pings))
    const sums = MinuteSums.of({ from: first, to: end, minutes })
    return sums && { sums, provenMs: own.provenMs }
  }

  async #ownFields(first: number, end: number) {
    const minutes = Array.from({ length: end - first }, (_, index) => first + index)
    const look = await this.#lookAt(minutes)
    if (!look?.hash) return undefined
    const { state, counts, provenMs } = look.hash
    if (first < state.minutesFrom || end > state.minutesTo || !isFresh(provenMs)) return undefined
    const sum = counts.reduce((pings, minute) => pings + minute, 0n)
    if (sum <= state.total && counts.every(minute => minute >= 0n)) return { counts, sum, provenMs }
    this.#metrics.cacheNotUsed('unproven') // another client wrote these minutes
    return undefined
  }

  /** Undefined if the cache is unreachable, or the hash is incomplete. */
  async #lookAtMinutes(): Promise<MinutesLook | undefined> {
    const beganMs = performance.now()
    const current = minuteOfClock(Date.now())
    const minutes = Array.from({ length: MINUTES_BEFORE + 1 + MINUTES_AFTER }, (_, index) => current - MINUTES_BEFORE + index)
    const look = await this.#lookAt(minutes)
    if (!look?.hash) return undefined
    const { provenMs } = look.hash
    const kept = this.#kept && beganMs - this.#kept.wholeMs < WHOLE_AGAIN_MS ? this.#kept : undefined
    const advanced = kept && advanceKept(kept, look.hash, minutes)
    if (kept && advanced) {
      this.#kept = { ...advanced, wholeMs: kept.wholeMs }
      return { sums: advanced.sums, provenMs, keptMs: KEPT_MS.some }
    }
    if (look.fields > MAX_FIELDS) return { sums: undefined, provenMs, keptMs: KEPT_MS.some }
    return this.#readAll(kept === undefined ? KEPT_MS.some : KEPT_MS.all)
  }

  async #readAll(keptMs: number): Promise<MinutesLook | undefined> {
    const wholeMs = performance.now()
    const whole = await this.#looks.look(lookAtWholeHash, WHOLE_TIMEOUT_MS)
    this.#kept = undefined
    if (!whole?.hash) return undefined
    const { state, minutes, provenMs } = whole.hash
    const sums = minutes && MinuteSums.of({ from: state.minutesFrom, to: state.minutesTo, minutes })
    if (!sums || BigInt(sums.all) > state.total) return { sums: undefined, provenMs, keptMs }
    this.#kept = { state, sums, wholeMs }
    return { sums, provenMs, keptMs }
  }

  #lookAt(minutes: readonly number[]) {
    return this.#looks.look((cache, lanes) => lookAtHash(cache, lanes, minutes))
  }
}

/** Undefined if a bound is within a minute, or if there are more minutes than a cache has. */
function wholeMinutes({ startMs, endMs }: Range): { readonly first: number; readonly end: number } | undefined {
  const minutes = endMs > startMs ? (endMs - startMs) / MINUTE_MS_BIGINT : 0n
  if (startMs % MINUTE_MS_BIGINT !== 0n || endMs % MINUTE_MS_BIGINT !== 0n || minutes > BigInt(MAX_MINUTES)) return undefined
  return { first: minuteOf(startMs), end: minuteOf(endMs) }
}
