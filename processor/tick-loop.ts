import { connected, type Cache } from '../src/counters/connect.ts'
import { readHash, readTimeMs, type HashState } from '../src/counters/hash.ts'
import { checkHeads, readHeads, type CheckedHead } from '../src/ledger/heads.ts'
import type { Pool } from '../src/ledger/pool.ts'
import type { Logger } from '../src/runtime/logger.ts'
import { Loop } from '../src/runtime/loop.ts'
import { wait } from '../src/runtime/wait.ts'
import type { Position } from '../src/terms/position.ts'
import type { Assignment } from './assignment.ts'
import { decideLane, reasonToRebuild, type TickRead } from './decide.ts'
import type { Flusher } from './flusher.ts'
import type { LaneBuffer } from './lane-buffer.ts'
import type { Lanes } from './lanes.ts'
import type { ProcessorMetrics } from './metrics.ts'
import type { Rebuilder } from './rebuilder.ts'
import type { WantedWork } from './wanted-work.ts'

export interface TickLoopOptions {
  readonly cache: Cache
  readonly pool: Pool
  readonly lanes: Lanes
  readonly wanted: WantedWork
  readonly assignment: Pick<Assignment, 'isMine'>
  readonly flusher: Pick<Flusher, 'writeAsof'>
  readonly rebuilder: Pick<Rebuilder, 'rebuild'>
  readonly log: Logger
  readonly metrics: ProcessorMetrics
  /** 0: only until the first tick has succeeded. */
  readonly intervalMs: number
}

const MIN_BETWEEN_TICKS_MS = 20
const RETRY_FIRST_TICK_MS = 500

/**
 * Keeps the cache equal to Postgres, with or without traffic: every tick compares the two, moves `asof`, requests
 * catch-ups and rebuilds what is lost. Kafka only makes the same happen sooner.
 */
export class TickLoop extends Loop {
  readonly #options: TickLoopOptions
  readonly #firstTick = Promise.withResolvers<void>()
  #tickedMs = -Infinity
  #failing = false

  constructor(options: TickLoopOptions) {
    super()
    this.#options = options
  }

  /** Resolves when the first tick has succeeded: the lanes are known, and the cache is complete. */
  get firstTick(): Promise<void> {
    return this.#firstTick.promise
  }

  /** Time since the last tick that succeeded, in ms. */
  get sinceTickMs(): number {
    return performance.now() - this.#tickedMs
  }

  protected override async run(signal: AbortSignal): Promise<void> {
    const { cache, intervalMs, wanted } = this.#options
    await connected(cache, RETRY_FIRST_TICK_MS, signal)
    while (!signal.aborted) {
      const begunMs = performance.now()
      if ((await this.#tryTick()) && intervalMs === 0) return
      const hasTicked = this.sinceTickMs < Infinity
      const pauseMs = hasTicked ? intervalMs : Math.min(intervalMs || RETRY_FIRST_TICK_MS, RETRY_FIRST_TICK_MS)
      await wait(begunMs + pauseMs - performance.now(), AbortSignal.any([signal, wanted.tickSignal()]))
      await wait(MIN_BETWEEN_TICKS_MS, signal)
    }
  }

  /** True if it succeeded. */
  async #tryTick(): Promise<boolean> {
    const { log, metrics } = this.#options
    try {
      await this.tick()
    } catch (err) {
      metrics.tickFailed()
      if (!this.#failing) log.warn({ err }, 'tick: Postgres or the cache does not answer')
      this.#failing = true
      return false
    }
    this.#tickedMs = performance.now()
    this.#firstTick.resolve()
    if (this.#failing) log.info('tick: Postgres and the cache answer again')
    this.#failing = false
    return true
  }

  /** One tick. Rejects if the cache or Postgres does not answer. */
  async tick(): Promise<void> {
    const { cache, pool, lanes, wanted, rebuilder } = this.#options
    if (lanes.count === 0) lanes.grow((await readHeads(pool)).length)
    const wantedFor = wanted.takeRebuild()
    if (wantedFor !== undefined) return rebuilder.rebuild(wantedFor)
    const revisions = [...lanes].map(lane => lane.revision)
    // The clock first, then what is applied, then the heads: each is read later than what it is compared with.
    const timeMs = await readTimeMs(cache)
    const hash = await readHash(cache, lanes.count)
    const applied = new Map<number, Position>(hash?.lanes.map((lane, index) => [index, lane.applied]) ?? [])
    const heads = await checkHeads(pool, applied)
    lanes.grow(heads.length)
    const reason = reasonToRebuild({ timeMs, hash, heads })
    if (reason || !hash) return rebuilder.rebuild(reason ?? 'it is incomplete')
    await this.#checkLanes({ timeMs, hash, heads }, revisions)
  }

  async #checkLanes({ timeMs, hash, heads }: TickRead & { hash: HashState }, revisions: readonly number[]): Promise<void> {
    const { lanes, assignment, wanted, flusher, rebuilder } = this.#options
    const withAsof: LaneBuffer[] = []
    for (const lane of lanes) {
      const state = hash.lanes[lane.lane]!
      const head = heads[lane.lane]!
      this.#observeLag(head, state.applied)
      if (lane.revision === revisions[lane.lane]) lane.adopt(state.applied)
      const { needsCatchUp, end = state.applied, previousHead } = lane
      const mine = assignment.isMine(lane.lane)
      const todo = decideLane({ mine, needsCatchUp, end, previousHead, asofMs: state.asofMs, timeMs })
      lane.mark({ timeMs, head: { seq: head.seq, tag: head.tag } })
      if (todo === 'rebuild') return rebuilder.rebuild(`lane ${lane.lane} is far behind`)
      if (todo === 'catch-up') wanted.wantCatchUp(lane, 'the cache lags behind the ledger')
      if (todo === 'asof') withAsof.push(lane)
    }
    await flusher.writeAsof(withAsof)
  }

  #observeLag(head: CheckedHead, applied: Position): void {
    this.#options.metrics.lag(head.lane, Number(head.seq - applied.seq))
  }
}
