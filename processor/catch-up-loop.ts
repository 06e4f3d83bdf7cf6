import type { Cache } from '../src/counters/connect.ts'
import type { Pool } from '../src/ledger/pool.ts'
import type { Logger } from '../src/runtime/logger.ts'
import { Loop } from '../src/runtime/loop.ts'
import { wait } from '../src/runtime/wait.ts'
import { ATTRIBUTES, SPANS } from '../src/tracing/names.ts'
import { sharedBy } from '../src/tracing/shared-by.ts'
import type { Span, Tracing } from '../src/tracing/tracing.ts'
import { catchUp, type CatchUpOutcome } from './catch-up.ts'
import type { Flusher } from './flusher.ts'
import type { LaneBuffer } from './lane-buffer.ts'
import type { Lanes } from './lanes.ts'
import type { ProcessorMetrics } from './metrics.ts'
import type { CatchUpReason, CatchUpRequest, WantedWork } from './wanted-work.ts'

export interface CatchUpLoopOptions {
  readonly cache: Cache
  readonly pool: Pool
  readonly lanes: Lanes
  readonly wanted: WantedWork
  readonly flusher: Pick<Flusher, 'schedule'>
  readonly log: Logger
  readonly metrics: ProcessorMetrics
  readonly maxMinutes: number
  /** Undefined: no spans are recorded. */
  readonly tracing?: Tracing | undefined
}

/** At most one catch-up begins in this time: a flood of forged records must not become one of queries. */
const CATCH_UP_EVERY_MS = 20

/** Catches up the lanes for which that is wanted, one after the other. */
export class CatchUpLoop extends Loop {
  readonly #options: CatchUpLoopOptions

  constructor(options: CatchUpLoopOptions) {
    super()
    this.#options = options
  }

  /** Catches up the lane whose request is the oldest; false if there is no request. Never rejects. */
  async catchUpNext(): Promise<boolean> {
    const request = this.#options.wanted.takeCatchUp()
    if (request) await this.#catchUp(request)
    return request !== undefined
  }

  protected override async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (await this.catchUpNext()) await wait(CATCH_UP_EVERY_MS, signal)
      else await this.#options.wanted.untilCatchUp(signal)
    }
  }

  async #catchUp({ lane, reason }: CatchUpRequest): Promise<void> {
    const { wanted, flusher, metrics } = this.#options
    if (!lane.beginCatchUp()) return wanted.wantCatchUp(lane, reason) // a flush is under way: after it
    const outcome = await this.#reach(lane, this.#beginSpan(lane, reason))
    const reached = outcome?.kind === 'reached' ? outcome : undefined
    if (reached) metrics.caughtUp(reached.rows)
    if (outcome?.kind === 'malformed') wanted.wantRebuild(`${outcome.field} is malformed`)
    lane.endCatchUp(reached?.position) // not reached: the tick finds the reason, and rebuilds if that is needed
    if (lane.needsCatchUp && reached) wanted.wantCatchUp(lane, 'an event that waited does not follow on')
    if (lane.pending > 0) flusher.schedule() // events that waited for the end
  }

  /** Undefined if the cache or Postgres does not answer. */
  async #reach(lane: LaneBuffer, span: Span | undefined): Promise<CatchUpOutcome | undefined> {
    const { cache, pool, lanes, maxMinutes, log } = this.#options
    try {
      const outcome = await catchUp(lane, { cache, pool, maxMinutes, lanes: lanes.count })
      span?.set({ [ATTRIBUTES.outcome]: outcome.kind, ...(outcome.kind === 'reached' ? { [ATTRIBUTES.pings]: outcome.rows } : {}) })
      span?.end()
      return outcome
    } catch (err) {
      span?.end(err)
      log.debug({ err, lane: lane.lane }, 'catch-up: failed; the next tick tries again')
      return undefined
    }
  }

  /** It is part of the traces whose events the catch-up counts. */
  #beginSpan(lane: LaneBuffer, reason: CatchUpReason): Span | undefined {
    return this.#options.tracing?.begin(SPANS.catchUp, {
      kind: 'internal',
      ...sharedBy(lane.tracesUntilCaughtUp),
      attributes: { [ATTRIBUTES.lane]: lane.lane, [ATTRIBUTES.reason]: reason },
    })
  }
}
