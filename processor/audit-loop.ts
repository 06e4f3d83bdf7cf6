import type { Cache } from '../src/counters/connect.ts'
import type { Pool } from '../src/ledger/pool.ts'
import type { Logger } from '../src/runtime/logger.ts'
import { Loop } from '../src/runtime/loop.ts'
import { wait } from '../src/runtime/wait.ts'
import { compareWithLedger } from './compare-with-ledger.ts'
import type { Lanes } from './lanes.ts'
import type { ProcessorMetrics } from './metrics.ts'
import type { Rebuilder } from './rebuilder.ts'

export interface AuditLoopOptions {
  readonly cache: Cache
  readonly pool: Pool
  readonly lanes: Lanes
  readonly rebuilder: Pick<Rebuilder, 'rebuild'>
  readonly log: Logger
  readonly metrics: ProcessorMetrics
  readonly intervalMs: number
}

/** Compares the whole cache with Postgres at every interval. A difference is logged and counted, and the cache rebuilt. */
export class AuditLoop extends Loop {
  readonly #options: AuditLoopOptions

  constructor(options: AuditLoopOptions) {
    super()
    this.#options = options
  }

  protected override async run(signal: AbortSignal): Promise<void> {
    for (;;) {
      await wait(this.#options.intervalMs, signal)
      if (signal.aborted) return
      await this.#audit()
    }
  }

  /** Never rejects. */
  async #audit(): Promise<void> {
    const { cache, pool, lanes, rebuilder, log, metrics } = this.#options
    try {
      const difference = await compareWithLedger(cache, pool, lanes.count)
      if (difference === undefined) return
      metrics.auditDiffered()
      log.error({ difference }, 'audit: the cache differs from Postgres; rebuilding it')
      await rebuilder.rebuild('the audit found a difference')
    } catch (err) {
      log.info({ err }, 'audit: not completed; Postgres or the cache does not answer')
    }
  }
}
