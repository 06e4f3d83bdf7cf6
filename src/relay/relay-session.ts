import { changedHeads, type SeenHeads } from '../ledger/changed-heads.ts'
import { connectClient } from '../ledger/connect.ts'
import type { Client } from '../ledger/pg-types.ts'
import { readPositions, restartPublished } from '../ledger/positions.ts'
import type { RecordedBatch } from '../ledger/record.ts'
import { endSessionWhenIdle, takeRelayLocks } from '../ledger/relay-locks.ts'
import { rowsAfter } from '../ledger/rows.ts'
import { endOfRun, type EventRun } from '../events/event-run.ts'
import { samePosition, type Position } from '../terms/position.ts'
import { wait } from '../runtime/wait.ts'
import { Folder } from './folder.ts'
import { LaneQueue } from './lane-queue.ts'
import { Mover } from './mover.ts'
import type { RelayOptions } from './relay-options.ts'
import { WakeUp } from './wake-up.ts'

const EVENTS_PER_SEND = 4_000
/** Over all lanes. */
const ROWS_PER_READ = 16_000
/** Handed-over events kept while Kafka is away; beyond, they are read again later. */
const MAX_QUEUED = 20_000
const TAKE_LANES_EVERY_MS = 1_000
/** A frozen server loses its lanes after this long without a statement. */
const SESSION_IDLE_MS = 5_000
const SEND_AGAIN_AFTER_MS = 500
/** The publishing loop is called when there is work. */
const AT_REST_MS = 60_000
/** A host that is gone without a word would hold the session for as long as TCP tries. */
const QUERY_TIMEOUT_MS = 30_000

/**
 * One session of Postgres, and with it the relay locks that it holds. Four loops share it and none waits
 * for another: one looks for free lanes and new heads, one publishes, one moves the published positions, one folds. Postgres failing in any of
 * them ends all; what is still on its way to Kafka then can move no position any more.
 */
export class RelaySession {
  readonly #options: RelayOptions
  readonly #client: Client
  readonly #lanes = new Map<number, LaneQueue>()
  readonly #stopping = new AbortController()
  readonly #work = new WakeUp()
  readonly #mover: Mover
  /** Of the last look at the heads. */
  #seen: SeenHeads | undefined
  #failed = false

  private constructor(options: RelayOptions, client: Client) {
    this.#options = options
    this.#client = client
    this.#mover = new Mover(client, () => this.#lanes.values(), options, refused => this.#forget(refused))
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
    this.#work.call()
  }

  /** Until it is stopped; rejects when Postgres fails. */
  async run(): Promise<void> {
    const folder = new Folder(this.#client, () => this.#lanes.values(), this.#options.log)
    try {
      await Promise.race([Promise.all([this.#lookUntilStopped(), this.#publishUntilStopped()]), folder.failed(), this.#mover.failed()])
      await this.#mover.stop()
      await this.#mover.move()
    } catch (error) {
      this.#failed = true
      throw error
    } finally {
      this.stop()
      await Promise.all([folder.stop(), this.#mover.stop()])
      await this.#client.end().catch(() => undefined)
    }
  }

  /** Has `run` publish what there is, if Kafka takes it, and end. */
  stop(): void {
    this.#stopping.abort()
    this.#work.call()
  }

  async #lookUntilStopped(): Promise<void> {
    const { signal } = this.#stopping
    for (let takenAt = -Infinity; !signal.aborted; await wait(this.#options.pollMs, signal)) {
      const now = performance.now()
      if (now - takenAt >= TAKE_LANES_EVERY_MS) {
        takenAt = now
        await this.#takeLanes()
      }
      await this.#lookAtHeads()
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
      if (this.#queued() === 0 && !signal.aborted) await this.#work.sleep(this.#lacksRows() ? pollMs : AT_REST_MS)
    }
    if (!this.#failed) await this.#publishRound()
  }

  #queued(): number {
    let sum = 0
    for (const queue of this.#lanes.values()) sum += queue.length
    return sum
  }

  #lacksRows(): boolean {
    return this.#lanes.values().some(queue => queue.mustRead)
  }

  async #takeLanes(): Promise<void> {
    const { log, metrics } = this.#options
    const known = await readPositions(this.#client)
    for (const { lane, folded } of known) {
      const queue = this.#lanes.get(lane)
      if (!queue) continue
      queue.folded = folded
      metrics.foldLag(lane, Math.max(0, Number(queue.end.seq - folded.seq)))
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
    for (const { lane, ...positions } of await readPositions(this.#client)) {
      if (lanes.has(lane)) this.#lanes.set(lane, new LaneQueue(lane, positions))
    }
    this.#seen = undefined
    this.#work.call()
  }

  #mustRead(queue: LaneQueue): void {
    queue.mustRead = true
    this.#work.call()
  }

  /**
   * Rows that another server or a hand recorded are noticed here: those still missing since the last look. And rows that were removed: a
   * head before where the queue ended when we asked.
   */
  async #lookAtHeads(): Promise<void> {
    const before = this.#seen
    const ends = new Map([...this.#lanes.values()].map(({ lane, end }) => [lane, end]))
    const changed = await changedHeads(this.#client, before?.snapshot)
    for (const { lane, seq } of before?.heads ?? []) {
      const queue = this.#lanes.get(lane)
      if (queue && seq > queue.end.seq) this.#mustRead(queue)
    }
    if (changed === undefined) return
    this.#seen = changed
    for (const head of changed.heads) {
      const queue = this.#lanes.get(head.lane)
      if (!queue) continue
      if (isBefore(head, ends.get(head.lane))) this.#mustRead(queue)
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
    for (const { queue, count, to } of batches) {
      metrics.published(queue.lane, count)
      queue.done(count, to)
    }
    this.#mover.wake()
  }
}

function isBefore(head: Position, end: Position | undefined): boolean {
  return end !== undefined && (head.seq < end.seq || (head.seq === end.seq && head.tag !== end.tag))
}

/** What of a lane goes with the next send. */
interface LaneSend {
  readonly queue: LaneQueue
  readonly runs: readonly EventRun[]
  readonly count: number
  readonly to: Position
}

function toSend(queue: LaneQueue, limit: number): LaneSend {
  const runs = queue.first(limit)
  const count = runs.reduce((sum, { pings }) => sum + pings.length, 0)
  return { queue, runs, count, to: endOfRun(runs.at(-1)!) }
}
