import type { Cache } from '../src/counters/connect.ts'
import type { Pool } from '../src/ledger/pool.ts'
import type { Logger } from '../src/runtime/logger.ts'
import { Loop } from '../src/runtime/loop.ts'
import { wait } from '../src/runtime/wait.ts'
import type { Position } from '../src/terms/position.ts'
import { catchUp } from './catch-up.ts'
import type { Flusher } from './flusher.ts'
import type { LaneBuffer } from './lane-buffer.ts'
import type { Lanes } from './lanes.ts'
import type { ProcessorMetrics } from './metrics.ts'
import type { WantedWork } from './wanted-work.ts'

export interface CatchUpLoopOptions {
  readonly cache: Cache
  readonly pool: Pool
  readonly lanes: Lanes
  readonly wanted: WantedWork
  readonly flusher: Pick<Flusher, 'schedule'>
  readonly log: Logger
  readonly metrics: ProcessorMetrics
  readonly maxMinutes: number
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
    const lane = this.#options.wanted.takeCatchUp()
    if (lane) await this.#catchUp(lane)
    return lane !== undefined
  }

  protected override async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (await this.catchUpNext()) await wait(CATCH_UP_EVERY_MS, signal)
      else await this.#options.wanted.untilCatchUp(signal)
    }
  }

  async #catchUp(lane: LaneBuffer): Promise<void> {
    const { wanted, flusher } = this.#options
    if (!lane.beginCatchUp()) return wanted.wantCatchUp(lane) // a flush is under way: after it
    const reached = await this.#reach(lane)
    lane.endCatchUp(reached) // not reached: the tick finds the reason, and rebuilds if that is needed
    if (lane.needsCatchUp && reached) wanted.wantCatchUp(lane)
    if (lane.pending > 0) flusher.schedule() // events that waited for the end
  }

  /** Where the cache has the lane then; undefined if it did not get to the head. */
  async #reach(lane: LaneBuffer): Promise<Position | undefined> {
    const { cache, pool, lanes, wanted, maxMinutes, metrics, log } = this.#options
    try {
      const outcome = await catchUp(lane, { cache, pool, maxMinutes, lanes: lanes.count })
      switch (outcome.kind) {
        case 'reached':
          metrics.caughtUp(outcome.rows)
          return outcome.position
        case 'malformed':
          wanted.wantRebuild(`${outcome.field} is malformed`)
          return undefined
        case 'lost':
        case 'later':
          return undefined
      }
    } catch (err) {
      log.debug({ err, lane: lane.lane }, 'catch-up: failed; the next tick tries again')
      return undefined
    }
  }
}
