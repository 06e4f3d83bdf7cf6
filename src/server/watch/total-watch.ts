import { Feed } from '../../runtime/feed.ts'
import { UnavailableError } from '../../transport/errors.ts'
import type { Count } from '../count-reader/count.ts'
import type { PingCounter } from '../count-reader/ping-counter.ts'

/** Minimum time between two totals that a watcher gets, and between two looks, in ms. */
const INTERVAL_MS = 250
/** An unchanged total is shown again after this long, with its age: proxies close streams that are idle for a minute. */
const REPEAT_MS = 30_000

export interface TotalWatchOptions {
  readonly reader: Pick<PingCounter, 'total' | 'answered'>
  readonly intervalMs?: number
  readonly repeatMs?: number
}

/** A total and the times that are known of it, in ms of the monotonic clock. */
interface Look {
  readonly count: bigint
  readonly source: Count['source']
  /** Every ping acknowledged before this is in the count. */
  readonly completeToMs: number
  readonly atMs: number
}

/**
 * Watches the total. All watchers share the looks at it: four a second, no matter how many there are, and none without watchers.
 * A watch starts with what PingCount would answer, which may be an error. Once it has a total it lives on while nothing can prove
 * a newer one, and the total's age grows.
 */
export class TotalWatch {
  readonly #options: TotalWatchOptions
  #feed: Feed<Look> | undefined

  constructor(options: TotalWatchOptions) {
    this.#options = options
  }

  /**
   * The total at once, then the newest after each change, at least 250 ms apart, and after 30 s without a change the same again,
   * until `ended` is aborted. Throws `UnavailableError` before the first total if nothing can prove one.
   */
  async *watch(ended: AbortSignal): AsyncGenerator<Count> {
    for await (const { count, source, completeToMs } of this.#currentFeed().watch(ended)) {
      // The look may be older than the answer of another call, which counted all that the look did, and more.
      const { answered } = this.#options.reader
      yield { count: answered > count ? answered : count, source, ageMs: Math.ceil(performance.now() - completeToMs) }
    }
  }

  #currentFeed(): Feed<Look> {
    if (this.#feed !== undefined && !this.#feed.isOver) return this.#feed
    const { intervalMs = INTERVAL_MS, repeatMs = REPEAT_MS } = this.#options
    this.#feed = new Feed({
      look: () => this.#look(),
      isSame: (shown, found) => shown.count === found.count && found.atMs - shown.atMs < repeatMs,
      pauseMs: () => intervalMs,
      keptMs: intervalMs,
      whenFailed: lastTotal,
    })
    return this.#feed
  }

  async #look(): Promise<Look> {
    const { count, source, ageMs } = await this.#options.reader.total(false)
    const atMs = performance.now()
    return { count, source, completeToMs: atMs - ageMs, atMs }
  }
}

/** What stands for a look that failed because nothing could prove a total. Throws any other error: it ends the watches. */
function lastTotal(error: unknown, last: Look): Look {
  if (!(error instanceof UnavailableError)) throw error
  return { ...last, atMs: performance.now() }
}
