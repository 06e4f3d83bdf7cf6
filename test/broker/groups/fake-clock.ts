import type { Cancel, Clock } from '../../../broker/groups/clock.ts'

interface Timer {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

/** A clock that stands still until it is turned; timers run in the order in which they are due. */
export class FakeClock implements Clock {
  #now = 1_000_000
  #order = 0
  readonly #timers = new Set<Timer>()

  now(): number {
    return this.#now
  }

  setTimer(delayMs: number, run: () => void): Cancel {
    const timer = { at: this.#now + Math.max(0, delayMs), order: this.#order++, run }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  get timerCount(): number {
    return this.#timers.size
  }

  advance(ms: number): void {
    const end = this.#now + ms
    for (let next = this.#next(); next && next.at <= end; next = this.#next()) {
      this.#now = next.at
      this.#timers.delete(next)
      next.run()
    }
    this.#now = end
  }

  #next(): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers) {
      if (!first || timer.at < first.at || (timer.at === first.at && timer.order < first.order)) first = timer
    }
    return first
  }
}
