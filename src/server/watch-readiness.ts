import type { Logger } from '../runtime/logger.ts'
import type { Readiness } from '../runtime/readiness.ts'
import { wait } from '../runtime/wait.ts'

const LOOK_EVERY_MS = 1_000

export interface WatchOptions {
  readonly readiness: Readiness
  /** True if a ping could be recorded now; never rejects, and settles within about a second. */
  readonly canRecord: () => Promise<boolean>
  readonly log: Logger
}

/** Keeps `readiness` true to whether pings can be recorded. Kafka and the cache do not count. */
export class ReadinessWatch {
  readonly #options: WatchOptions
  readonly #stopping = new AbortController()
  #running: Promise<void> = Promise.resolve()

  constructor(options: WatchOptions) {
    this.#options = options
  }

  start(): void {
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      const can = await this.#options.canRecord()
      if (signal.aborted) return
      this.#tell(can)
      await wait(LOOK_EVERY_MS, signal)
    }
  }

  #tell(can: boolean): void {
    const { readiness, log } = this.#options
    if (can === readiness.isReady) return
    if (can) {
      log.info('ready: pings can be recorded')
      readiness.ready()
    } else {
      log.warn('not ready: Postgres does not take pings')
      readiness.notReady('Postgres does not take pings')
    }
  }
}
