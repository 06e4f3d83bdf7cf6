import type { Logger } from '../../src/runtime/logger.ts'
import { Loop } from '../../src/runtime/loop.ts'
import { wait } from '../../src/runtime/wait.ts'
import { WakeUp } from '../../src/runtime/wake-up.ts'

export interface LeaseLoopOptions {
  /** Makes the grants that the defaults allow now; see `applyDefaults`. */
  readonly applyDefaults: (signal: AbortSignal) => Promise<void>
  /** How long it is until something is due, in ms; undefined: nothing is. */
  readonly nextDueInMs: () => Promise<number | undefined>
  /** Frees the slots whose leases have ended, and makes the grants that are due. Harmless if another instance does the same. */
  readonly tick: () => Promise<void>
  /** Minimum time between two looks, in ms. */
  readonly tickMs: number
  readonly log: Logger
}

/** Other instances may have made leases and rates. They tick for them, unless they have just ended. */
const LOOK_EVERY_MS = 1_000

/** Ends leases and paces rates, by Postgres' clock: a tick runs only when something is due. Every instance may run one. */
export class LeaseLoop extends Loop {
  readonly #options: LeaseLoopOptions
  readonly #changed = new WakeUp()
  /** Since the start of the last look, which may not have seen it. */
  #isChanged = false
  #isFailing = false
  #hasDefaults = false

  constructor(options: LeaseLoopOptions) {
    super()
    this.#options = options
  }

  /** Something may be due earlier than at the last look. */
  wake(): void {
    this.#isChanged = true
    this.#changed.call()
  }

  override async stop(): Promise<void> {
    const stopped = super.stop()
    this.#changed.call()
    await stopped
  }

  protected override async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#isChanged = false
      const sleepMs = await this.#look(signal)
      await wait(this.#options.tickMs, signal)
      if (!signal.aborted && !this.#isChanged && sleepMs > this.#options.tickMs) await this.#changed.sleep(sleepMs - this.#options.tickMs)
    }
  }

  /** Ticks if something is due. Returns how long to wait until the next look. */
  async #look(signal: AbortSignal): Promise<number> {
    const { applyDefaults, nextDueInMs, tick, log } = this.#options
    try {
      if (!this.#hasDefaults) await applyDefaults(signal)
      this.#hasDefaults = true
      const inMs = (await nextDueInMs()) ?? Infinity
      if (inMs <= 0) await tick()
      this.#isFailing = false
      return inMs <= 0 ? 0 : Math.min(inMs, LOOK_EVERY_MS)
    } catch (err) {
      log[this.#isFailing ? 'debug' : 'warn']({ err }, 'leases: Postgres does not answer; leases and rates are checked again later')
      this.#isFailing = true
      return LOOK_EVERY_MS
    }
  }
}
