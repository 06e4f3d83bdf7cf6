import type { Readiness } from '../src/runtime/readiness.ts'
import type { TickLoop } from './tick-loop.ts'

const LOOK_EVERY_MS = 500
/** Ready as long as ticks succeed: then the count is kept true, with Kafka or without. */
const TICKED_WITHIN_MS = 5_000

export interface WatchOptions {
  readonly readiness: Readiness
  readonly ticks: Pick<TickLoop, 'firstTick' | 'sinceTickMs'>
}

/**
 * Keeps the readiness up to date until it is stopped. Unlike the server, a processor turns unready with the parts that it needs:
 * no caller is sent to it, so nothing is lost by that, and a rollout waits until the new processor can do its work.
 */
export class ReadinessWatch {
  readonly #options: WatchOptions
  #timer: NodeJS.Timeout | undefined

  constructor(options: WatchOptions) {
    this.#options = options
  }

  start(): void {
    const timer = setInterval(() => this.#look(), LOOK_EVERY_MS)
    this.#timer = timer
    void this.#options.ticks.firstTick.then(() => this.#timer === timer && this.#look())
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #look(): void {
    const { readiness, ticks } = this.#options
    if (ticks.sinceTickMs <= TICKED_WITHIN_MS) readiness.ready()
    else readiness.notReady('the cache could not be compared with Postgres lately: one of them is away')
  }
}
