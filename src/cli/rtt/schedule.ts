/** When probes are due. Pure: the time goes in. */
export interface Schedule {
  /**
   * The next due time, if it is not after `nowMs`; else undefined. It is taken: the next call gives the one after it. A probe that was
   * missed keeps the time at which it was due.
   */
  take(nowMs: number, inFlight: number): number | undefined
  /** When to ask again; undefined: only when a probe is over. */
  readonly nextMs: number | undefined
  /** All have been taken. */
  readonly isOver: boolean
}

/** Open loop: one probe each interval, whatever became of those before it. */
export class FixedSchedule implements Schedule {
  readonly #startMs: number
  readonly #intervalMs: number
  readonly #count: number
  #taken = 0

  /** `count` may be Infinity. */
  constructor(startMs: number, intervalMs: number, count: number) {
    this.#startMs = startMs
    this.#intervalMs = intervalMs
    this.#count = count
  }

  get isOver(): boolean {
    return this.#taken >= this.#count
  }

  /** Computed from the start, so that errors do not add up. */
  get nextMs(): number {
    return this.#startMs + this.#taken * this.#intervalMs
  }

  take(nowMs: number): number | undefined {
    const dueMs = this.nextMs
    if (this.isOver || dueMs > nowMs) return undefined
    this.#taken++
    return dueMs
  }
}

/** Closed loop: a probe is due as soon as fewer than `maxInFlight` are open. A stall hides the probes that it delays. */
export class FloodSchedule implements Schedule {
  readonly #maxInFlight: number
  readonly #count: number
  #taken = 0

  readonly nextMs = undefined

  constructor(maxInFlight: number, count: number) {
    this.#maxInFlight = maxInFlight
    this.#count = count
  }

  get isOver(): boolean {
    return this.#taken >= this.#count
  }

  take(nowMs: number, inFlight: number): number | undefined {
    if (this.isOver || inFlight >= this.#maxInFlight) return undefined
    this.#taken++
    return nowMs
  }
}
