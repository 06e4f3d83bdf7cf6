import { within } from '../../../runtime/wait.ts'
import type { PingBuckets } from '../../buckets/buckets.ts'
import { daysRange, gridRange, type Bucket } from '../assets/calendar.js'
import type { PageState } from '../page-state.ts'

/** What the page shows before any script runs. What is undefined was not known in time. */
export interface FirstView {
  readonly nowMs: number
  readonly state: PageState | undefined
  /** The minutes of the heatmap. */
  readonly minutes: readonly Bucket[] | undefined
  /** The days of `daysRange`. */
  readonly days: readonly Bucket[] | undefined
}

export interface FirstViewsOptions {
  readonly states: { now(): Promise<PageState> }
  readonly buckets: PingBuckets
  /** How long a view waits for its numbers, in ms. */
  readonly waitMs?: number
}

const WAIT_MS = 100

/** Finds what is known at once, so that the page never waits for a part that is down. */
export class FirstViews {
  readonly #options: FirstViewsOptions
  #lastState: PageState | undefined

  constructor(options: FirstViewsOptions) {
    this.#options = options
  }

  /** Never rejects. A state that takes too long is replaced by the last one, which has its own time. */
  async view(zone: string): Promise<FirstView> {
    const nowMs = Date.now()
    const [state, minutes, days] = await Promise.all([
      this.#inTime(this.#state()),
      this.#inTime(this.#list('minute', zone, gridRange(nowMs, zone))),
      this.#inTime(this.#list('day', zone, daysRange(nowMs))),
    ])
    return { nowMs, state: state ?? this.#lastState, minutes, days }
  }

  async #state(): Promise<PageState> {
    this.#lastState = await this.#options.states.now()
    return this.#lastState
  }

  async #list(
    unit: 'minute' | 'day',
    timeZone: string,
    { startMs, endMs }: { readonly startMs: number; readonly endMs: number },
  ): Promise<readonly Bucket[]> {
    const range = { startMs: BigInt(startMs), endMs: BigInt(endMs) }
    const { buckets } = await this.#options.buckets.list({ range, unit, timeZone, strong: false })
    return buckets.map(bucket => ({ ...bucket, startMs: Number(bucket.startMs) }))
  }

  async #inTime<T>(answer: Promise<T>): Promise<T | undefined> {
    return within(this.#options.waitMs ?? WAIT_MS, 'not in time for the first view', answer).catch(() => undefined)
  }
}
