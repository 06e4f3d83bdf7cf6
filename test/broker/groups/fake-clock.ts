import type { Cancel, Clock } from '../../../broker/groups/clock.ts'

interface Timer {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

/** A clock that stands still until a test advances it. Timers run in the order in which they are due. */
export class FakeClock implements Clock {
  #now = 1_000_000
  #setForwardMs = 0
  #order = 0
  readonly #timers = new Set<Timer>()

  now(): number {
    return this.#now + this.#setForwardMs
  }

  monotonicMs(): number {
    return this.#now
  }

  /** Sets the clock, as an operator or a time server does; no time passes. */
  setForward(ms: number): void {
    this.#setForwardMs += ms
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
      this.#now = Math.max(this.#now, next.at)
      this.#timers.delete(next)
      next.run()
    }
    this.#now = end
  }

  /** Advances the time without running anything: timers that become due are late. */
  stall(ms: number): void {
    this.#now += ms
    this.advance(0)
  }

  #next(): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers) {
      if (!first || timer.at < first.at || (timer.at === first.at && timer.order < first.order)) first = timer
    }
    return first
  }
}
