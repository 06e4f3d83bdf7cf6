import type { Cache } from '../src/counters/connect.ts'
import { rebuild } from '../src/counters/rebuild.ts'
import type { Pool } from '../src/ledger/pool.ts'
import { readCounts } from '../src/ledger/snapshot.ts'
import type { Logger } from '../src/runtime/logger.ts'
import type { Lanes } from './lanes.ts'
import type { ProcessorMetrics } from './metrics.ts'
import type { WantedWork } from './wanted-work.ts'

export interface RebuilderOptions {
  readonly cache: Cache
  readonly pool: Pool
  readonly lanes: Lanes
  readonly wanted: Pick<WantedWork, 'wantCatchUp'>
  readonly log: Logger
  readonly metrics: ProcessorMetrics
  readonly maxMinutes: number
}

/** Replaces the hash by the counts of Postgres, and makes every lane start again from there. */
export class Rebuilder {
  readonly #options: RebuilderOptions

  constructor(options: RebuilderOptions) {
    this.#options = options
  }

  /** `reason` is for the log. Rejects if the cache or Postgres does not answer. */
  async rebuild(reason: string): Promise<void> {
    const { cache, pool, lanes, wanted, log, metrics, maxMinutes } = this.#options
    const outcome = await rebuild(cache, window => readCounts(pool, window), maxMinutes)
    metrics.rebuilt(outcome)
    if (outcome === 'claimed') return // another processor rebuilds it
    log.info({ reason, outcome }, outcome === 'rebuilt' ? 'rebuilt the cache' : 'another program took over the rebuild of the cache')
    // Events accepted before may be of a history that is gone: start from the cache.
    for (const lane of lanes) {
      if (!lane.busy) lane.drop()
      wanted.wantCatchUp(lane)
    }
  }
}
