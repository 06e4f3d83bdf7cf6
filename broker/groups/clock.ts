export type Cancel = () => void

/** Time as the groups see it; tests hand in one that they turn themselves. */
export interface Clock {
  /** Ms since the Unix epoch. */
  now(): number
  setTimer(delayMs: number, run: () => void): Cancel
}

/** A longer delay would fire at once. */
const MAX_DELAY_MS = 0x7fff_ffff

/** The machine's clock. Its timers keep no process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimer: (delayMs, run) => {
    const timer = setTimeout(run, Math.min(delayMs, MAX_DELAY_MS))
    timer.unref()
    return () => clearTimeout(timer)
  },
}

/** At most one timer at a time: setting it again forgets the one before. */
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
    this.#cancel = this.#clock.setTimer(delayMs, () => {
      this.#cancel = undefined
      run()
    })
  }

  clear(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }
}
