export type Cancel = () => void

/** The time for groups; tests pass a clock that they advance themselves. */
export interface Clock {
  /** Ms since the Unix epoch. */
  now(): number
  /** Ms since an arbitrary point in time. It is never set, and timers use it. */
  monotonicMs(): number
  setTimer(delayMs: number, run: () => void): Cancel
}

/** With a longer delay, a timer fires at once. */
const MAX_DELAY_MS = 0x7fff_ffff

/** The clock of the machine. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer: (delayMs, run) => {
    const timer = setTimeout(run, Math.min(delayMs, MAX_DELAY_MS))
    timer.unref()
    return () => clearTimeout(timer)
  },
}

/** A timer that is later than this means that the process was suspended: in a busy process, timers are late by a few ms. */
const LATE_MS = 100
/** The extra time, at most, for requests that have arrived meanwhile. */
const EXTRA_TIME_MS = 1_000

/**
 * A timer that ends the wait for a request of a client. If it fires late, the process or the machine was suspended, and a request that was
 * sent in time may have arrived but is not read yet. Then it waits once more, for a short time.
 */
export function setDeadline(clock: Clock, delayMs: number, run: () => void): Cancel {
  const dueMs = clock.monotonicMs() + Math.max(0, delayMs)
  let cancel = clock.setTimer(delayMs, () => {
    if (clock.monotonicMs() - dueMs < LATE_MS) return run()
    cancel = clock.setTimer(Math.min(delayMs, EXTRA_TIME_MS), run)
  })
  return () => cancel()
}

/** One deadline at a time: setting it again replaces the previous one. */
export class Alarm {
  readonly #clock: Clock
  #cancel: Cancel | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get isSet(): boolean {
    return this.#cancel !== undefined
  }

  set(delayMs: number, run: () => void): void {
    this.clear()
    this.#cancel = setDeadline(this.#clock, delayMs, () => {
      this.#cancel = undefined
      run()
    })
  }

  clear(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }
}
