import { lookAtHash, lookAtWholeHash } from '../../counters/hash.ts'
import { SharedLookup } from '../../runtime/shared-lookup.ts'
import { MINUTE_MS_BIGINT, minuteOf, minuteOfClock } from '../../terms/minute.ts'
import { freshCount, type CacheLooks } from './cache-looks.ts'
import type { CountReaderMetrics } from './count-reader-metrics.ts'
import type { Count, Range } from './count.ts'
import { advanceKept, type KeptMinutes } from './kept-minutes.ts'
import { MinuteSums } from './minute-sums.ts'

/** A range of more minutes is counted in Postgres. */
const MAX_MINUTES = 10_080
/** For a range of up to this many minutes, asked while no other is, only its own fields are read. */
const MAX_OWN_FIELDS = 256
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

/** Counts ranges in the cache. Readers at the same time share one read, and what it finds is kept for the next. */
export class CachedRanges {
  readonly #looks: CacheLooks
  readonly #metrics: CountReaderMetrics
  readonly #minutes = new SharedLookup(() => this.#lookAtMinutes(), { keptMs: look => look?.keptMs ?? 0 })
  #kept: (KeptMinutes & { readonly wholeMs: number }) | undefined
  #asking = 0

  constructor(looks: CacheLooks, metrics: CountReaderMetrics) {
    this.#looks = looks
    this.#metrics = metrics
  }

  /** Undefined if the cache does not have the whole range, or is not fresh. */
  async count({ startMs, endMs }: Range): Promise<Count | undefined> {
    const minutes = endMs > startMs ? (endMs - startMs) / MINUTE_MS_BIGINT : 0n
    if (startMs % MINUTE_MS_BIGINT !== 0n || endMs % MINUTE_MS_BIGINT !== 0n || minutes > BigInt(MAX_MINUTES)) return undefined
    const [first, end] = [minuteOf(startMs), minuteOf(endMs)]
    this.#asking++
    try {
      if (this.#asking === 1 && end - first <= MAX_OWN_FIELDS) return await this.#countOwnFields(first, end)
      const look = await this.#minutes.get(false)
      if (!look) return undefined
      const { sums, provenMs } = look
      if (!sums) return await this.#countOwnFields(first, end)
      return sums.covers(first, end) ? freshCount(BigInt(sums.sum(first, end)), provenMs) : undefined
    } finally {
      this.#asking--
    }
  }

  async #countOwnFields(first: number, end: number): Promise<Count | undefined> {
    const minutes = Array.from({ length: end - first }, (_, index) => first + index)
    const look = await this.#lookAt(minutes)
    if (!look?.hash) return undefined
    const { state, counts, provenMs } = look.hash
    if (first < state.minutesFrom || end > state.minutesTo) return undefined
    const count = freshCount(
      counts.reduce((sum, minute) => sum + minute, 0n),
      provenMs,
    )
    if (!count || (count.count <= state.total && counts.every(minute => minute >= 0n))) return count
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
