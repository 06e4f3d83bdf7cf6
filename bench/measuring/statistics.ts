/** Each bucket is this much wider than the one before: percentiles are exact to 1 %. */
const BUCKET_GROWTH = 1.01
const BUCKET_LOG = Math.log(BUCKET_GROWTH)

/**
 * Latencies of any number of requests in bounded memory. Histograms of several runs can be merged;
 * percentiles cannot.
 */
export class LatencyHistogram {
  readonly #counts: number[]

  constructor(counts: readonly number[] = []) {
    this.#counts = [...counts]
  }

  /** Adds one latency in µs; below 1 µs counts as 1 µs. */
  add(latencyUs: number): void {
    const bucket = latencyUs <= 1 ? 0 : Math.floor(Math.log(latencyUs) / BUCKET_LOG)
    while (this.#counts.length <= bucket) this.#counts.push(0)
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1
  }

  merge(other: LatencyHistogram): LatencyHistogram {
    const length = Math.max(this.#counts.length, other.#counts.length)
    return new LatencyHistogram(Array.from({ length }, (_, bucket) => (this.#counts[bucket] ?? 0) + (other.#counts[bucket] ?? 0)))
  }

  get size(): number {
    return this.#counts.reduce((sum, count) => sum + count, 0)
  }

  /** The latency in µs that `share` (0 … 1) of all do not exceed, by nearest rank; NaN if there are none. */
  percentile(share: number): number {
    const rank = Math.max(1, Math.ceil(share * this.size))
    let seen = 0
    for (const [bucket, count] of this.#counts.entries()) {
      seen += count
      if (seen >= rank) return BUCKET_GROWTH ** (bucket + 0.5)
    }
    return NaN
  }

  /** The counts by bucket, as they are sent between processes. */
  toJSON(): readonly number[] {
    return this.#counts
  }
}

/** The value that `share` (0 … 1) of the samples do not exceed, by nearest rank; NaN if there are none. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b)
  return sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1] ?? NaN
}

export function mean(samples: readonly number[]): number {
  return sum(samples) / samples.length
}

export function sum(samples: readonly number[]): number {
  return samples.reduce((total, sample) => total + sample, 0)
}
