import type { Fate } from './probe.ts'

/** Numbers of probes. `due` is the sum of answered or echoed in time, `late`, `lost`, `refused` and `open`. */
export interface Tally {
  readonly due: number
  readonly sent: number
  readonly acked: number
  readonly echoed: number
  readonly inTime: number
  readonly late: number
  readonly lost: number
  readonly refused: number
  /** Not over yet. */
  readonly open: number
  /** Records and answers that came again without being asked for. */
  readonly duplicate: number
  readonly reordered: number
  readonly damaged: number
  /** Own records that came after their probe was forgotten. */
  readonly forgotten: number
}

export type Counter = Exclude<keyof Tally, Fate>

/** Counts probes by what became of them. */
export class Tallies {
  readonly #counters: Record<Counter, number> = {
    due: 0,
    sent: 0,
    acked: 0,
    echoed: 0,
    duplicate: 0,
    reordered: 0,
    damaged: 0,
    forgotten: 0,
  }
  readonly #fates: Record<Fate, number> = { open: 0, inTime: 0, late: 0, lost: 0, refused: 0 }

  count(counter: Counter): void {
    this.#counters[counter]++
  }

  /** `from` is undefined for a new probe. */
  move(from: Fate | undefined, to: Fate): void {
    if (from !== undefined) this.#fates[from]--
    this.#fates[to]++
  }

  get open(): number {
    return this.#fates.open
  }

  tally(): Tally {
    return { ...this.#counters, ...this.#fates }
  }
}
