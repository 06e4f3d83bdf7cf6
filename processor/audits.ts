import type { Cache } from '../src/counters/connect.ts'
import type { Pool } from '../src/ledger/pool.ts'
import type { Running } from '../src/runtime/lifecycle.ts'
import type { Logger } from '../src/runtime/logger.ts'
import { wait } from '../src/runtime/wait.ts'
import { audit } from './audit.ts'
import type { Lanes } from './lanes.ts'
import type { ProcessorMetrics } from './metrics.ts'
import type { Reconciler } from './reconciler.ts'

export interface AuditsOptions {
  readonly cache: Cache
  readonly pool: Pool
  readonly lanes: Lanes
  readonly log: Logger
  readonly metrics: ProcessorMetrics
  readonly reconciler: Pick<Reconciler, 'rebuild'>
  readonly intervalMs: number
}

/** Audits again and again; a difference is logged, counted and rebuilt. */
export function startAudits(options: AuditsOptions): Running {
  const stopping = new AbortController()
  const running = auditUntilStopped(options, stopping.signal)
  return {
    stop: async () => {
      stopping.abort()
      await running
    },
  }
}

async function auditUntilStopped(
  { cache, pool, lanes, log, metrics, reconciler, intervalMs }: AuditsOptions,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    await wait(intervalMs, signal)
    if (signal.aborted) return
    try {
      const difference = await audit(cache, pool, lanes.count)
      if (difference === undefined) continue
      metrics.auditDiffered()
      log.error({ difference }, 'audit: the cache differs from Postgres, rebuilding it')
      await reconciler.rebuild('the audit found a difference')
    } catch (err) {
      log.info({ err }, 'audit: not done, Postgres or the cache does not answer')
    }
  }
}
