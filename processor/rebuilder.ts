import type { Cache } from '../src/counters/connect.ts'
import { rebuild, type RebuildWindow } from '../src/counters/rebuild.ts'
import type { Pool } from '../src/ledger/pool.ts'
import { readCounts } from '../src/ledger/snapshot.ts'
import type { Logger } from '../src/runtime/logger.ts'
import type { CountsSnapshot } from '../src/terms/counts-snapshot.ts'
import { ATTRIBUTES, SPANS } from '../src/tracing/names.ts'
import type { Span, Tracing } from '../src/tracing/tracing.ts'
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
  /** Undefined: no spans are recorded. */
  readonly tracing?: Tracing | undefined
}

/** Replaces the hash by the counts of Postgres, and makes every lane start again from there. */
export class Rebuilder {
  readonly #options: RebuilderOptions

  constructor(options: RebuilderOptions) {
    this.#options = options
  }

  /** `reason` is for the log and for the span. Rejects if the cache or Postgres does not answer. */
  async rebuild(reason: string): Promise<void> {
    const { lanes, tracing } = this.#options
    const attributes = { [ATTRIBUTES.reason]: reason, [ATTRIBUTES.lanes]: lanes.count }
    const span = tracing?.begin(SPANS.rebuild, { kind: 'internal', attributes })
    try {
      await this.#rebuild(reason, span)
      span?.end()
    } catch (error) {
      span?.end(error)
      throw error
    }
  }

  async #rebuild(reason: string, span: Span | undefined): Promise<void> {
    const { cache, pool, lanes, wanted, log, metrics, maxMinutes } = this.#options
    const read = async (window: RebuildWindow): Promise<CountsSnapshot> => {
      const counts = await readCounts(pool, window)
      span?.set({ [ATTRIBUTES.pings]: counts.total })
      return counts
    }
    const outcome = await rebuild(cache, read, maxMinutes)
    span?.set({ [ATTRIBUTES.outcome]: outcome })
    metrics.rebuilt(outcome)
    if (outcome === 'claimed') return // another processor rebuilds it
    log.info({ reason, outcome }, outcome === 'rebuilt' ? 'rebuilt the cache' : 'another program took over the rebuild of the cache')
    // Events accepted before may be of a history that is gone: start from the cache.
    for (const lane of lanes) {
      if (!lane.busy) lane.drop()
      wanted.wantCatchUp(lane, 'the cache was rebuilt')
    }
  }
}
