import type { Readiness } from '../src/runtime/readiness.ts'
import type { TickLoop } from './tick-loop.ts'

const CHECK_EVERY_MS = 500
/** Ready as long as ticks succeed: they keep the count correct, with Kafka or without. */
const TICKED_WITHIN_MS = 5_000

export interface WatchOptions {
  readonly readiness: Readiness
  readonly ticks: Pick<TickLoop, 'firstTick' | 'sinceTickMs'>
}

/**
 * Keeps the readiness up to date. Unlike the server, a processor becomes unready when a part that it needs is down. It has no
 * callers, so nothing is lost, and a rollout waits until the new processor can do its work.
 */
export class ReadinessWatch {
  readonly #options: WatchOptions
  #timer: NodeJS.Timeout | undefined

  constructor(options: WatchOptions) {
    this.#options = options
  }

  start(): void {
    const timer = setInterval(() => this.#check(), CHECK_EVERY_MS)
    this.#timer = timer
    void this.#options.ticks.firstTick.then(() => this.#timer === timer && this.#check())
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #check(): void {
    const { readiness, ticks } = this.#options
    if (ticks.sinceTickMs === Infinity) return // no tick has succeeded yet: the reason of the start stays
    if (ticks.sinceTickMs <= TICKED_WITHIN_MS) readiness.ready()
    else readiness.notReady(`the cache has not been compared with Postgres for ${TICKED_WITHIN_MS / 1_000} s: one of them is unreachable`)
  }
}
