import type { Logger } from '../runtime/logger.ts'
import { Loop } from '../runtime/loop.ts'
import type { Readiness } from '../runtime/readiness.ts'
import { wait } from '../runtime/wait.ts'

const CHECK_EVERY_MS = 1_000

/** The metric of Postgres. */
export interface PostgresMetrics {
  /** Whether Postgres accepted writes at the last check. */
  postgresUp(up: boolean): void
}

export interface WriteWatchOptions {
  readonly readiness: Readiness
  /** True if the program could write now; never rejects, and settles within about a second. */
  readonly canWrite: () => Promise<boolean>
  /** Log lines: the first time that it can, and each time that it can no more. */
  readonly says: { readonly ready: string; readonly down: string }
  readonly metrics: PostgresMetrics
  readonly log: Logger
}

/**
 * Checks once a second whether Postgres accepts writes. The first time that it does, the program becomes ready, and it stays ready:
 * Postgres is down for all instances at once, and with none ready, callers would get no answer at all. A metric and the log report
 * Postgres instead. Kafka and the cache do not count.
 */
export class WriteWatch extends Loop {
  readonly #options: WriteWatchOptions
  #could: boolean | undefined

  constructor(options: WriteWatchOptions) {
    super()
    this.#options = options
  }

  /** Whether Postgres accepted writes at the last check. Undefined: it was not checked yet. */
  get could(): boolean | undefined {
    return this.#could
  }

  protected override async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const can = await this.#options.canWrite()
      if (signal.aborted) return
      this.#report(can)
      await wait(CHECK_EVERY_MS, signal)
    }
  }

  #report(can: boolean): void {
    const { readiness, metrics, log, says } = this.#options
    metrics.postgresUp(can)
    if (can === this.#could) return
    this.#could = can
    if (!can) return log.warn(says.down)
    log.info(readiness.isReady ? 'Postgres is accepting writes again' : says.ready)
    readiness.ready()
  }
}
