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

/** A state says by itself within 600 ms what is unreachable. An older one would not do: a total must not fall. */
const WAIT_MS = { state: 700, buckets: 100 }

/** Finds what is known at once, so that the page hardly waits for a part that is down. */
export class FirstViews {
  readonly #options: FirstViewsOptions

  constructor(options: FirstViewsOptions) {
    this.#options = options
  }

  /** The newest state. Undefined: not known in time. Never rejects. */
  state(): Promise<PageState | undefined> {
    return this.#inTime('state', this.#options.states.now())
  }

  /** What is known besides the state. Never rejects. */
  async view(zone: string, state: PageState | undefined): Promise<FirstView> {
    const nowMs = Date.now()
    const [minutes, days] = await Promise.all([
      this.#inTime('buckets', this.#list('minute', zone, gridRange(nowMs, zone))),
      this.#inTime('buckets', this.#list('day', zone, daysRange(nowMs))),
    ])
    return { nowMs, state, minutes, days }
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

  async #inTime<T>(what: keyof typeof WAIT_MS, answer: Promise<T>): Promise<T | undefined> {
    return within(this.#options.waitMs ?? WAIT_MS[what], 'not in time for the first view', answer).catch(() => undefined)
  }
}
