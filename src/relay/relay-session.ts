import { connectClient } from '../ledger/connect.ts'
import { readHeads } from '../ledger/heads.ts'
import type { Client } from '../ledger/pg-types.ts'
import { movePublished, readPositions, restartPublished, type Move } from '../ledger/positions.ts'
import type { RecordedBatch } from '../ledger/record.ts'
import { endSessionWhenIdle, takeRelayLocks } from '../ledger/relay-locks.ts'
import { rowsAfter } from '../ledger/rows.ts'
import { endOfRun, type EventRun } from '../events/event-run.ts'
import { samePosition, type Position } from '../terms/position.ts'
import { wait } from '../runtime/wait.ts'
import { Folder } from './folder.ts'
import { LaneQueue } from './lane-queue.ts'
import type { RelayOptions } from './relay-options.ts'

/** kafkajs groups the messages of a send in quadratic time: 2.5 µs each at 5000, 1.05 at 1000 (measured). */
const EVENTS_PER_SEND = 1_000
/** Over all lanes. */
const ROWS_PER_READ = 16_000
/** Handed-over events kept while Kafka is away; beyond, they are read again later. */
const MAX_QUEUED = 20_000
const TAKE_LANES_EVERY_MS = 1_000
/** A frozen server loses its lanes after this long without a statement. */
const SESSION_IDLE_MS = 5_000
const SEND_AGAIN_AFTER_MS = 500
/** A host that is gone without a word would hold the session for as long as TCP tries. */
const QUERY_TIMEOUT_MS = 30_000

/**
 * One session of Postgres, and with it the relay locks that it holds. Three loops share it and none waits
 * for another: one looks for free lanes and new heads, one publishes, one folds. Postgres failing in any of
 * them ends all; what is still on its way to Kafka then can move no position any more.
 */
export class RelaySession {
  readonly #options: RelayOptions
  readonly #client: Client
  readonly #lanes = new Map<number, LaneQueue>()
  readonly #stopping = new AbortController()
  #failed = false
  #wake: () => void = () => undefined

  private constructor(options: RelayOptions, client: Client) {
    this.#options = options
    this.#client = client
  }

  static async open(options: RelayOptions): Promise<RelaySession> {
    const client = await connectClient(options.postgres, 'ping-relay', { queryTimeoutMs: QUERY_TIMEOUT_MS })
    try {
      await endSessionWhenIdle(client, SESSION_IDLE_MS)
      return new RelaySession(options, client)
    } catch (error) {
      await client.end().catch(() => undefined)
      throw error
    }
  }

  /** The lanes that this session publishes. */
  get lanes(): readonly number[] {
    return [...this.#lanes.keys()]
  }

  /** Takes over what the recorder has just committed. */
  offer(batch: RecordedBatch): void {
    const queue = this.#lanes.get(batch.lane)
    if (!queue || batch.inserted.length === 0) return
    queue.offer(batch, MAX_QUEUED - this.#queued())
    this.#wake()
  }

  /** Until it is stopped; rejects when Postgres fails. */
  async run(): Promise<void> {
    const folder = new Folder(this.#client, () => this.lanes, this.#options.log)
    try {
      await Promise.race([Promise.all([this.#lookUntilStopped(), this.#publishUntilStopped()]), folder.failed()])
    } catch (error) {
      this.#failed = true
      throw error
    } finally {
      this.stop()
      await folder.stop()
      await this.#client.end().catch(() => undefined)
    }
  }

  /** Has `run` publish what there is, if Kafka takes it, and end. */
  stop(): void {
    this.#stopping.abort()
    this.#wake()
  }

  async #lookUntilStopped(): Promise<void> {
    const { signal } = this.#stopping
    const seen = new Map<number, bigint>()
    for (let takenAt = -Infinity; !signal.aborted; await wait(this.#options.pollMs, signal)) {
      const now = performance.now()
      if (now - takenAt >= TAKE_LANES_EVERY_MS) {
        takenAt = now
        await this.#takeLanes()
      }
      await this.#lookAtHeads(seen)
    }
  }

  async #publishUntilStopped(): Promise<void> {
    const { pollMs, lingerMs } = this.#options
    const { signal } = this.#stopping
    while (!signal.aborted) {
      const now = performance.now()
      await this.#readWhatIsMissing()
      await this.#publishRound()
      await wait(lingerMs - (performance.now() - now), signal)
      if (this.#queued() === 0) await this.#sleep(pollMs)
    }
    if (!this.#failed) await this.#publishRound()
  }

  /** Until there is something to publish, or `ms` have passed. */
  async #sleep(ms: number): Promise<void> {
    const woken = new AbortController()
    this.#wake = () => woken.abort()
    if (!this.#stopping.signal.aborted) await wait(ms, woken.signal)
    this.#wake = () => undefined
  }

  #queued(): number {
    let sum = 0
    for (const queue of this.#lanes.values()) sum += queue.length
    return sum
  }

  async #takeLanes(): Promise<void> {
    const { log, metrics } = this.#options
    const known = await readPositions(this.#client)
    for (const { lane, folded } of known) {
      const queue = this.#lanes.get(lane)
      if (queue) metrics.foldLag(lane, Math.max(0, Number(queue.end.seq - folded.seq)))
    }
    const free = known.map(({ lane }) => lane).filter(lane => !this.#lanes.has(lane))
    if (free.length === 0) return
    const taken = new Set(await takeRelayLocks(this.#client, free))
    if (taken.size === 0) return
    log.info({ lanes: [...taken] }, 'relay: publishing these lanes')
    await this.#forget(taken)
    metrics.lanesHeld(this.#lanes.size)
  }

  /** Begins these lanes anew at the position that is in Postgres, read under the lock. */
  async #forget(lanes: ReadonlySet<number>): Promise<void> {
    for (const { lane, published } of await readPositions(this.#client)) {
      if (lanes.has(lane)) this.#lanes.set(lane, new LaneQueue(lane, published))
    }
  }

  #mustRead(queue: LaneQueue): void {
    queue.mustRead = true
    this.#wake()
  }

  /**
   * Rows that another server or a hand recorded are noticed here: those still missing since the last look. And rows that were removed: a
   * head before where the queue ended when we asked.
   */
  async #lookAtHeads(seen: Map<number, bigint>): Promise<void> {
    const ends = new Map([...this.#lanes.values()].map(({ lane, end }) => [lane, end]))
    for (const head of await readHeads(this.#client)) {
      const queue = this.#lanes.get(head.lane)
      if (!queue) continue
      const isMissing = (seen.get(head.lane) ?? 0n) > queue.end.seq
      if (isMissing || isBefore(head, ends.get(head.lane))) this.#mustRead(queue)
      seen.set(head.lane, head.seq)
      this.#options.metrics.publishLag(head.lane, Math.max(0, Number(head.seq - queue.published.seq)))
    }
  }

  async #readWhatIsMissing(): Promise<void> {
    if (this.#queued() >= EVENTS_PER_SEND) return
    const wanted = [...this.#lanes.values()].filter(queue => queue.mustRead)
    if (wanted.length === 0) return
    const starts = new Map(wanted.map(queue => [queue.lane, queue.end]))
    const limit = Math.max(1, Math.floor(ROWS_PER_READ / wanted.length))
    const read = await rowsAfter(this.#client, starts, limit)
    const broken = new Set<number>()
    for (const queue of wanted) {
      const rows = read.get(queue.lane)
      if (rows === undefined) broken.add(queue.lane)
      else queue.append(rows, rows.length < limit)
    }
    if (broken.size > 0) {
      this.#options.log.warn({ lanes: [...broken] }, 'relay: a position is not in the ledger any more, reading again')
      await this.#restartLost(wanted.filter(queue => broken.has(queue.lane)))
      await this.#forget(broken)
    }
  }

  /** Where not only what is in memory but the published position itself is not in the ledger, nothing would ever be published again. */
  async #restartLost(queues: readonly LaneQueue[]): Promise<void> {
    const restarted: number[] = []
    for (const { lane, published, end } of queues) {
      if (samePosition(published, end) && (await restartPublished(this.#client, lane, published))) restarted.push(lane)
    }
    if (restarted.length === 0) return
    const message = 'relay: rows were removed from pings or replaced, and the published position with them; publishing these lanes from their first row'
    this.#options.log.error({ lanes: restarted }, message)
  }

  async #publishRound(): Promise<void> {
    const { publisher, log, metrics } = this.#options
    const waiting = [...this.#lanes.values()].filter(queue => queue.length > 0)
    if (waiting.length === 0) return
    const share = Math.max(1, Math.floor(EVENTS_PER_SEND / waiting.length))
    const batches = waiting.map(queue => toSend(queue, share))
    try {
      await publisher.publish(batches.flatMap(({ runs }) => runs))
    } catch (err) {
      metrics.relayRetried()
      log.warn({ err }, 'relay: Kafka does not take the events, trying again')
      await wait(SEND_AGAIN_AFTER_MS, this.#stopping.signal)
      return
    }
    const moved = await movePublished(this.#client, batches)
    const refused = new Set<number>()
    for (const { queue, count, to } of batches) {
      metrics.published(queue.lane, count)
      if (moved.has(queue.lane)) queue.done(count, to)
      else refused.add(queue.lane)
    }
    if (refused.size > 0) {
      metrics.relayRetried()
      log.warn({ lanes: [...refused] }, 'relay: a published position was not where it was left, reading again')
      await this.#forget(refused)
    }
  }
}

function isBefore(head: Position, end: Position | undefined): boolean {
  return end !== undefined && (head.seq < end.seq || (head.seq === end.seq && head.tag !== end.tag))
}

/** What of a lane goes with the next send. */
interface LaneSend extends Move {
  readonly queue: LaneQueue
  readonly runs: readonly EventRun[]
  readonly count: number
}

function toSend(queue: LaneQueue, limit: number): LaneSend {
  const runs = queue.first(limit)
  const count = runs.reduce((sum, { pings }) => sum + pings.length, 0)
  return { queue, runs, count, lane: queue.lane, from: queue.published, to: endOfRun(runs.at(-1)!) }
}
