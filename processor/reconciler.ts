import { connected, type Cache } from '../src/counters/connect.ts'
import { readHash, readTimeMs, type HashState } from '../src/counters/hash.ts'
import { rebuild } from '../src/counters/rebuild.ts'
import { checkHeads, readHeads, type CheckedHead } from '../src/ledger/heads.ts'
import type { Pool } from '../src/ledger/pool.ts'
import { readCounts } from '../src/ledger/snapshot.ts'
import type { Logger } from '../src/runtime/logger.ts'
import { wait } from '../src/runtime/wait.ts'
import type { Position } from '../src/terms/position.ts'
import { catchUp } from './catch-up.ts'
import { decideLane, reasonToRebuild, type TickRead } from './decide.ts'
import type { Flusher } from './flusher.ts'
import type { LaneBuffer } from './lane-buffer.ts'
import type { Lanes } from './lanes.ts'
import type { ProcessorMetrics } from './metrics.ts'

export interface ReconcilerOptions {
  readonly cache: Cache
  readonly pool: Pool
  readonly lanes: Lanes
  readonly log: Logger
  readonly metrics: ProcessorMetrics
  readonly maxMinutes: number
  readonly tickIntervalMs: number
  /** True if the lane's records come to this processor. */
  readonly isMine: (lane: number) => boolean
}

/** At most one catch-up begins in this time: a flood of forged records must not become one of queries. */
const CATCH_UP_EVERY_MS = 20
const LEAST_BETWEEN_TICKS_MS = 20
const RETRY_FIRST_TICK_MS = 500

/**
 * Keeps the cache true to Postgres, traffic or not: every tick compares the two, moves `asof`, catches
 * lanes up and rebuilds what is lost. Kafka only makes the same come sooner.
 */
export class Reconciler {
  readonly #options: ReconcilerOptions
  readonly #flusher: () => Flusher
  readonly #stopping = new AbortController()
  readonly #toCatchUp = new Set<LaneBuffer>()
  #wake: () => void = () => undefined
  #running: Promise<unknown> = Promise.resolve()
  #tickedMs = -Infinity
  #failing = false
  #tickNow = new AbortController()
  #wantedRebuild: string | undefined
  readonly #firstTick = Promise.withResolvers<void>()

  constructor(options: ReconcilerOptions, flusher: () => Flusher) {
    this.#options = options
    this.#flusher = flusher
  }

  /** Resolves when the first tick has succeeded: the lanes are known, and the cache is whole. */
  get firstTick(): Promise<void> {
    return this.#firstTick.promise
  }

  /** How long ago the last whole tick was, in ms. */
  get sinceTickMs(): number {
    return performance.now() - this.#tickedMs
  }

  start(): void {
    this.#running = Promise.all([this.#tickUntilStopped(), this.#catchUpUntilStopped()])
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#wake()
    await this.#running
  }

  /** Has the next tick come at once, to see what is wrong with the cache. */
  wantTick(): void {
    this.#tickNow.abort()
  }

  /** Has the next tick come at once and rebuild, for something that ticks do not read. */
  wantRebuild(reason: string): void {
    this.#wantedRebuild = reason
    this.wantTick()
  }

  /** Has the lane caught up soon. */
  wantCatchUp(lane: LaneBuffer): void {
    this.#toCatchUp.add(lane)
    this.#wake()
  }

  /** Replaces the hash by what Postgres has. */
  async rebuild(reason: string): Promise<void> {
    const { cache, pool, lanes, log, metrics, maxMinutes } = this.#options
    const outcome = await rebuild(cache, window => readCounts(pool, window), maxMinutes)
    metrics.rebuilt(outcome)
    if (outcome === 'claimed') return // another is at it
    log.info({ reason, outcome }, 'rebuilt the cache')
    // What was accepted before may be of a history that is gone: begin from the cache.
    for (const lane of lanes) {
      if (!lane.busy) lane.drop()
      this.wantCatchUp(lane)
    }
  }

  async #tickUntilStopped(): Promise<void> {
    const { cache, tickIntervalMs, log, metrics } = this.#options
    const { signal } = this.#stopping
    await connected(cache, RETRY_FIRST_TICK_MS, signal)
    while (!signal.aborted) {
      const begunMs = performance.now()
      try {
        await this.tick()
        this.#tickedMs = performance.now()
        this.#firstTick.resolve()
        if (tickIntervalMs === 0) return
        if (this.#failing) log.info('tick: Postgres and the cache answer again')
        this.#failing = false
      } catch (err) {
        metrics.tickFailed()
        if (!this.#failing) log.warn({ err }, 'tick: Postgres or the cache does not answer')
        this.#failing = true
      }
      this.#tickNow = new AbortController()
      const hasTicked = this.sinceTickMs < Infinity
      const pauseMs = hasTicked ? tickIntervalMs : Math.min(tickIntervalMs || RETRY_FIRST_TICK_MS, RETRY_FIRST_TICK_MS)
      await wait(begunMs + pauseMs - performance.now(), AbortSignal.any([signal, this.#tickNow.signal]))
      await wait(LEAST_BETWEEN_TICKS_MS, signal)
    }
  }

  /** One tick. Rejects if the cache or Postgres does not answer. */
  async tick(): Promise<void> {
    const { cache, pool, lanes } = this.#options
    if (lanes.count === 0) lanes.grow((await readHeads(pool)).length)
    if (this.#wantedRebuild !== undefined) {
      const reason = this.#wantedRebuild
      this.#wantedRebuild = undefined
      return this.rebuild(reason)
    }
    const revisions = [...lanes].map(lane => lane.revision)
    // The clock first, then what is applied, then the heads: each later than what it is compared with.
    const timeMs = await readTimeMs(cache)
    const hash = await readHash(cache, lanes.count)
    const applied = new Map<number, Position>(hash?.lanes.map((lane, index) => [index, lane.applied]) ?? [])
    const heads = await checkHeads(pool, applied)
    lanes.grow(heads.length)
    const reason = reasonToRebuild({ timeMs, hash, heads })
    if (reason || !hash) return this.rebuild(reason ?? 'it is not whole')
    await this.#lookAtLanes({ timeMs, hash, heads }, revisions)
  }

  async #lookAtLanes({ timeMs, hash, heads }: TickRead & { hash: HashState }, revisions: readonly number[]): Promise<void> {
    const { lanes, isMine } = this.#options
    const withAsof: LaneBuffer[] = []
    for (const lane of lanes) {
      const state = hash.lanes[lane.lane]!
      const head = heads[lane.lane]!
      this.#tellOfLane(head, state.applied)
      if (lane.revision === revisions[lane.lane]) lane.adopt(state.applied)
      const { needsCatchUp, end = state.applied, previousHead } = lane
      const todo = decideLane({ mine: isMine(lane.lane), needsCatchUp, end, previousHead, asofMs: state.asofMs, timeMs })
      lane.mark({ timeMs, head: { seq: head.seq, tag: head.tag } })
      if (todo === 'rebuild') return this.rebuild(`lane ${lane.lane} is far behind`)
      if (todo === 'catch-up') this.wantCatchUp(lane)
      if (todo === 'asof') withAsof.push(lane)
    }
    await this.#flusher().writeAsof(withAsof)
  }

  #tellOfLane(head: CheckedHead, applied: Position): void {
    this.#options.metrics.lag(head.lane, Number(head.seq - applied.seq))
  }

  async #catchUpUntilStopped(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      if (await this.catchUpNext()) {
        await wait(CATCH_UP_EVERY_MS, signal)
        continue
      }
      await new Promise<void>(resolve => {
        this.#wake = resolve
        if (this.#toCatchUp.size > 0 || signal.aborted) resolve()
      })
    }
  }

  /** Catches up the lane that has waited longest for it; false if none has. Never rejects. */
  async catchUpNext(): Promise<boolean> {
    const [lane] = this.#toCatchUp
    if (!lane) return false
    this.#toCatchUp.delete(lane)
    await this.#catchUpLane(lane)
    return true
  }

  async #catchUpLane(lane: LaneBuffer): Promise<void> {
    const { cache, pool, lanes, maxMinutes, metrics, log } = this.#options
    if (!lane.beginCatchUp()) return this.wantCatchUp(lane) // a flush is under way: after it
    let reached: Position | undefined
    try {
      const outcome = await catchUp(lane, { cache, pool, maxMinutes, lanes: lanes.count })
      if (outcome.kind === 'reached') {
        reached = outcome.position
        metrics.caughtUp(outcome.rows)
      }
      if (outcome.kind === 'rebuild' && outcome.malformed !== undefined) this.wantRebuild(`${outcome.malformed} is ill-formed`)
    } catch (err) {
      log.debug({ err, lane: lane.lane }, 'catch-up: failed, the next tick tries again')
    }
    lane.endCatchUp(reached) // not reached: the tick sees why, and rebuilds if that is needed
    if (lane.needsCatchUp && reached) this.wantCatchUp(lane)
    if (lane.pending > 0) this.#flusher().schedule() // events that waited for the end
  }
}
