import { createHistogram } from 'node:perf_hooks'

const MAX_US = 86_400_000_000
const DIGITS = 3
/** Steps between a latency and its double, since Node's histogram does not report how many there are of each. */
const STEPS = 16

/** Latencies of a run in ms. */
export interface LatencySummary {
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly max: number
}

/** With the tail of many pings. */
export interface LatencyTail extends LatencySummary {
  readonly p75: number
  readonly p999: number
  readonly p9999: number
}

/** With the extremes, for runs of any length. */
export interface LatencySpread extends LatencySummary {
  readonly count: number
  readonly min: number
  /** Undefined if there are too few latencies to know it. */
  readonly p999: number | undefined
}

/** Fewer latencies than this do not show one in a thousand. */
const ENOUGH_FOR_P999 = 1_000

/** Collects latencies in constant memory, to three digits. */
export class Latencies {
  readonly #histogram = createHistogram({ lowest: 1, highest: MAX_US, figures: DIGITS })
  readonly #times = new Map<number, number>()

  /** Adds a latency that this many pings had. */
  add(ms: number, times = 1): void {
    const us = Math.min(MAX_US, Math.max(1, Math.round(ms * 1_000)))
    for (let time = 0; time < times; time++) this.#histogram.record(us)
    const step = Math.round(Math.log2(us) * STEPS)
    this.#times.set(step, (this.#times.get(step) ?? 0) + times)
  }

  /** Undefined if nothing was added. */
  summary(): LatencySummary | undefined {
    if (this.#histogram.count === 0) return undefined
    const percentile = (share: number): number => this.#histogram.percentile(share) / 1_000
    return { p50: percentile(50), p90: percentile(90), p99: percentile(99), max: this.#histogram.max / 1_000 }
  }

  /** Undefined if nothing was added. */
  tail(): LatencyTail | undefined {
    const summary = this.summary()
    if (summary === undefined) return undefined
    const percentile = (share: number): number => this.#histogram.percentile(share) / 1_000
    return {
      p50: summary.p50,
      p75: percentile(75),
      p90: summary.p90,
      p99: summary.p99,
      p999: percentile(99.9),
      p9999: percentile(99.99),
      max: summary.max,
    }
  }

  /** Undefined if nothing was added. */
  spread(): LatencySpread | undefined {
    const summary = this.summary()
    if (summary === undefined) return undefined
    const { count, min } = this.#histogram
    return { ...summary, count, min: min / 1_000, p999: count < ENOUGH_FOR_P999 ? undefined : this.#histogram.percentile(99.9) / 1_000 }
  }

  /**
   * An estimate of how many more latencies there would be if callers that waited longer than the median had kept sending at
   * its pace: what a closed loop omits (coordinated omission).
   */
  omitted(): number {
    if (this.#histogram.count === 0) return 0
    const paceUs = Math.max(1, this.#histogram.percentile(50))
    let omitted = 0
    for (const [step, times] of this.#times) omitted += times * Math.max(0, Math.round(2 ** (step / STEPS) / paceUs) - 1)
    return omitted
  }
}
