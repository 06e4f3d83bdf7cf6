import type { Logger } from '../runtime/logger.ts'
import { Loop } from '../runtime/loop.ts'
import type { Readiness } from '../runtime/readiness.ts'
import { wait } from '../runtime/wait.ts'

const CHECK_EVERY_MS = 1_000

/** The metric of Postgres. */
export interface PostgresMetrics {
  /** Whether a ping could be recorded at the last check. */
  postgresUp(up: boolean): void
}

export interface WatchOptions {
  readonly readiness: Readiness
  /** True if a ping could be recorded now; never rejects, and settles within about a second. */
  readonly canRecord: () => Promise<boolean>
  readonly metrics: PostgresMetrics
  readonly log: Logger
}

/**
 * Checks once a second whether pings can be recorded. The first time that they can, the server becomes ready, and it stays ready:
 * Postgres is down for all servers at once, and with no server ready, callers would get no answer at all. A metric and the
 * log report Postgres instead. Kafka and the cache do not count.
 */
export class ReadinessWatch extends Loop {
  readonly #options: WatchOptions
  #could: boolean | undefined

  constructor(options: WatchOptions) {
    super()
    this.#options = options
  }

  protected override async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const can = await this.#options.canRecord()
      if (signal.aborted) return
      this.#report(can)
      await wait(CHECK_EVERY_MS, signal)
    }
  }

  #report(can: boolean): void {
    const { readiness, metrics, log } = this.#options
    metrics.postgresUp(can)
    if (can === this.#could) return
    this.#could = can
    if (!can)
      return log.warn('Postgres does not answer or is not accepting writes: pings wait, and new ones are refused when the queue is full')
    log.info(readiness.isReady ? 'Postgres is accepting writes again' : 'ready: pings can be recorded')
    readiness.ready()
  }
}
