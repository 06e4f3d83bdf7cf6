export type Cancel = () => void

/** Time as the groups see it; tests hand in one that they turn themselves. */
export interface Clock {
  /** Ms since the Unix epoch. */
  now(): number
  /** Ms since some moment; nobody sets it, and timers go by it. */
  monotonicMs(): number
  setTimer(delayMs: number, run: () => void): Cancel
}

/** A longer delay would fire at once. */
const MAX_DELAY_MS = 0x7fff_ffff

/** The machine's clock. Its timers keep no process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer: (delayMs, run) => {
    const timer = setTimeout(run, Math.min(delayMs, MAX_DELAY_MS))
    timer.unref()
    return () => clearTimeout(timer)
  },
}

/** A timer that fires so much too late says that nothing was done in the meantime: a busy process is late by a few ms. */
const LATE_MS = 100
/** So long whoever was waited for then has, at most, to be heard. */
const HEARING_MS = 1_000

/**
 * A timer that ends a wait for what a client sends. When it fires late, the process or the machine stood still, and
 * what was sent in time has arrived and is not read yet: then it waits once more, shortly.
 */
export function setDeadline(clock: Clock, delayMs: number, run: () => void): Cancel {
  const dueMs = clock.monotonicMs() + Math.max(0, delayMs)
  let cancel = clock.setTimer(delayMs, () => {
    if (clock.monotonicMs() - dueMs < LATE_MS) return run()
    cancel = clock.setTimer(Math.min(delayMs, HEARING_MS), run)
  })
  return () => cancel()
}

/** At most one deadline at a time: setting it again forgets the one before. */
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
