import type { Logger } from '../src/runtime/logger.ts'
import { Loop } from '../src/runtime/loop.ts'
import type { Readiness } from '../src/runtime/readiness.ts'
import { wait, within } from '../src/runtime/wait.ts'
import type { StateMetrics } from './metrics.ts'

const CHECK_EVERY_MS = 1_000
const ANSWER_WITHIN_MS = 1_000

export interface WatchOptions {
  readonly readiness: Readiness
  /** True if Postgres accepts steps now. */
  readonly acceptsWrites: () => Promise<boolean>
  readonly metrics: Pick<StateMetrics, 'postgresUp'>
  readonly log: Logger
}

/**
 * Checks once a second whether Postgres accepts steps. The first time that it does, the instance becomes ready, and it stays ready:
 * Postgres is down for all instances at once, and with none ready, callers would get no answer at all. A metric and the log report
 * Postgres instead. Kafka does not count: calls are accepted without it, and their grants wait in the outbox.
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
      const can = await within(ANSWER_WITHIN_MS, 'Postgres does not answer', this.#options.acceptsWrites()).catch(() => false)
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
      return log.warn('Postgres does not answer or is not accepting writes: steps wait, and calls are refused when they wait too long')
    log.info(readiness.isReady ? 'Postgres is accepting writes again' : 'ready: commands are accepted')
    readiness.ready()
  }
}
