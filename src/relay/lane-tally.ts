import { minuteOf } from '../terms/minute.ts'
import type { NewPing } from '../terms/ping.ts'
import type { Position } from '../terms/position.ts'

/** Maximum number of minutes: a hostile client can give every ping a different one. Beyond it, rows are folded from Postgres. */
const MAX_MINUTES = 5_000

/** A lane's pings by minute, from a position up to another. */
export interface Tallied {
  readonly from: Position
  readonly to: Position
  readonly minutes: ReadonlyMap<number, number>
}

/** Counts the pings that pass through a lane's queue by minute, so that folding does not read their rows again. Pure. */
export class LaneTally {
  #from: Position
  #to: Position
  #minutes = new Map<number, number>()

  constructor(at: Position) {
    this.#from = at
    this.#to = at
  }

  /** Where its counts start. */
  get from(): Position {
    return this.#from
  }

  get isEmpty(): boolean {
    return this.#minutes.size === 0
  }

  /** Counts the next pings of the lane, the last of which is at `to`. */
  add(pings: readonly NewPing[], to: Position): void {
    let [minute, count] = [NaN, 0]
    for (const { timestampMs } of pings) {
      const next = minuteOf(timestampMs)
      if (next !== minute) {
        this.#count(minute, count)
        ;[minute, count] = [next, 0]
      }
      count++
    }
    this.#count(minute, count)
    this.#to = to
    if (this.#minutes.size > MAX_MINUTES) this.restart(to)
  }

  /** What was counted since the last call; counting continues where it ends. */
  take(): Tallied {
    const tallied = { from: this.#from, to: this.#to, minutes: this.#minutes }
    this.restart(this.#to)
    return tallied
  }

  /** Forgets its counts, and counts what follows this position. */
  restart(at: Position): void {
    this.#from = at
    this.#to = at
    this.#minutes = new Map()
  }

  #count(minute: number, count: number): void {
    if (count > 0) this.#minutes.set(minute, (this.#minutes.get(minute) ?? 0) + count)
  }
}
