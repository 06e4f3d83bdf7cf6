/** The rate is of this long, in ms. */
const WINDOW_MS = 5_000
/** Samples further apart than this do not make a rate of now. In ms. */
const MAX_SPAN_MS = 15_000
/** A rate of a shorter time would jump. In ms. */
const MIN_SPAN_MS = 500

interface Sample {
  readonly total: bigint
  readonly atMs: number
}

/** Pings per second, from exact totals. Pure: the time is an argument. */
export class Rate {
  #samples: readonly Sample[] = []

  /** Takes a total. One that is lower than the last is of another history. One of an earlier time is ignored. */
  note(total: bigint, atMs: number): void {
    const last = this.#samples.at(-1)
    if (last !== undefined && atMs <= last.atMs) return
    const kept = last !== undefined && (total < last.total || atMs - last.atMs > MAX_SPAN_MS) ? [] : this.#samples
    // The newest sample that is older than the window is its start.
    const start = kept.findLastIndex(sample => atMs - sample.atMs >= WINDOW_MS)
    this.#samples = [...kept.slice(Math.max(0, start)), { total, atMs }]
  }

  /** Over the last 5 s, or what is known of them; rounded to one digit. Undefined: not enough is known. */
  perSecond(nowMs: number): number | undefined {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)]
    if (first === undefined || last === undefined || nowMs - last.atMs >= WINDOW_MS) return undefined
    const spanMs = last.atMs - first.atMs
    if (spanMs < MIN_SPAN_MS) return undefined
    return Math.round((Number(last.total - first.total) * 10_000) / spanMs) / 10
  }
}
