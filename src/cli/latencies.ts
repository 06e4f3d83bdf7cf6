import { createHistogram } from 'node:perf_hooks'

const LONGEST_US = 86_400_000_000
const DIGITS = 3

/** Latencies of a run in ms. */
export interface LatencySummary {
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly max: number
}

/** Collects latencies in constant memory, to three digits. */
export class Latencies {
  readonly #histogram = createHistogram({ lowest: 1, highest: LONGEST_US, figures: DIGITS })

  add(ms: number): void {
    this.#histogram.record(Math.min(LONGEST_US, Math.max(1, Math.round(ms * 1_000))))
  }

  /** Undefined as long as nothing was added. */
  summary(): LatencySummary | undefined {
    if (this.#histogram.count === 0) return undefined
    const percentile = (share: number): number => this.#histogram.percentile(share) / 1_000
    return { p50: percentile(50), p90: percentile(90), p99: percentile(99), max: this.#histogram.max / 1_000 }
  }
}
