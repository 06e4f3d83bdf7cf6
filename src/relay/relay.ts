import { setImmediate as nextTurn } from 'node:timers/promises'
import { connectClient } from '../ledger/connect.ts'
import { readHeads } from '../ledger/heads.ts'
import type { Client, ClientConfig } from '../ledger/pg-types.ts'
import { movePublished, readPositions, type Move } from '../ledger/positions.ts'
import type { RecordedBatch } from '../ledger/record.ts'
import { endSessionWhenIdle, takeRelayLocks } from '../ledger/relay-locks.ts'
import { rowsAfter } from '../ledger/rows.ts'
import type { PingEvent } from '../events/event.ts'
import type { Logger } from '../runtime/logger.ts'
import { Backoff } from '../runtime/retry.ts'
import { wait } from '../runtime/wait.ts'
import { Folder } from './folder.ts'
import { LaneQueue } from './lane-queue.ts'
import type { Publisher } from './publisher.ts'

/** What the relay tells of itself. */
export interface RelayMetrics {
  /** Rows of a lane that Kafka acknowledged. */
  published(lane: number, rows: number): void
  /** Rows of a lane above its published position. */
  publishLag(lane: number, rows: number): void
  /** Rows of a lane above its folded position. */
  foldLag(lane: number, rows: number): void
  /** How many lanes this server publishes. */
  lanesHeld(lanes: number): void
  /** A send to Kafka, or a move of a position, failed and is tried again. */
  relayRetried(): void
}

export interface RelayOptions {
  readonly postgres: ClientConfig
  readonly publisher: Publisher
  readonly log: Logger
  readonly metrics: RelayMetrics
  /** Least time between two sends: many small ones cost far more than few large ones. */
  readonly lingerMs: number
  /** How often the heads are looked at, for rows that were not handed over. */
  readonly pollMs: number
}

const EVENTS_PER_SEND = 5_000
const ROWS_PER_READ = 1_000
/** Handed-over events kept while Kafka is away; beyond, they are read again later. */
const MAX_QUEUED = 20_000
const TAKE_LANES_EVERY_MS = 1_000
/** A frozen server loses its lanes after this long without a statement. */
const SESSION_IDLE_MS = 5_000

/**
 * Publishes, in order, the lanes whose relay lock this server holds, and folds them into the rollup.
 * A session ends with any failure of Postgres; the next begins with nothing in memory.
 */
export class Relay {
  readonly #options: RelayOptions
  readonly #stopping = new AbortController()
  #lanes = new Map<number, LaneQueue>()
  #wake: () => void = () => undefined
  #running: Promise<void> = Promise.resolve()

  constructor(options: RelayOptions) {
    this.#options = options
  }

  /** The lanes that this server publishes. */
  get lanes(): readonly number[] {
    return [...this.#lanes.keys()]
  }

  start(): void {
    this.#running = this.#runSessions()
  }

  /** Publishes what it has, if Kafka takes it, and gives the lanes up. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#wake()
    await this.#running
    await this.#options.publisher.stop()
  }

  /** Takes over what the recorder has just committed. */
  offer(batch: RecordedBatch): void {
    const queue = this.#lanes.get(batch.lane)
    if (!queue || batch.inserted.length === 0) return
    queue.offer(batch, MAX_QUEUED - this.#queued())
    this.#wake()
  }

  async #runSessions(): Promise<void> {
    const { log } = this.#options
    const pause = new Backoff(100, 2_000)
    while (!this.#stopping.signal.aborted) {
      try {
        await this.#runSession(() => pause.reset())
      } catch (err) {
        if (!this.#stopping.signal.aborted) log.warn({ err }, 'relay: the session ended, beginning anew')
        await wait(pause.next(), this.#stopping.signal)
      } finally {
        this.#lanes = new Map()
        this.#options.metrics.lanesHeld(0)
      }
    }
  }

  async #runSession(onConnected: () => void): Promise<void> {
    const client = await connectClient(this.#options.postgres, 'ping-relay')
    const folder = new Folder(client, () => this.lanes, this.#options.log)
    try {
      await endSessionWhenIdle(client, SESSION_IDLE_MS)
      onConnected()
      await Promise.race([this.#publishUntilStopped(client), folder.failed()])
    } finally {
      await folder.stop()
      await client.end().catch(() => undefined)
    }
  }

  async #publishUntilStopped(client: Client): Promise<void> {
    const { pollMs, lingerMs } = this.#options
    const { signal } = this.#stopping
    let takenAt = -Infinity
    let polledAt = -Infinity
    const seen = new Map<number, bigint>()
    while (!signal.aborted) {
      const now = performance.now()
      if (now - takenAt >= TAKE_LANES_EVERY_MS) {
        takenAt = now
        await this.#takeLanes(client)
      }
      if (now - polledAt >= pollMs) {
        polledAt = now
        await this.#lookAtHeads(client, seen)
      }
      await this.#readWhatIsMissing(client)
      await this.#publishRound(client)
      await wait(lingerMs - (performance.now() - now), signal)
      if (this.#queued() === 0) await this.#sleep(polledAt + pollMs - performance.now())
    }
    await this.#publishRound(client)
  }

  /** Until there is something to publish, or `ms` have passed. */
  async #sleep(ms: number): Promise<void> {
    if (ms <= 0) return void (await nextTurn())
    const woken = new AbortController()
    this.#wake = () => woken.abort()
    await wait(ms, AbortSignal.any([woken.signal, this.#stopping.signal]))
    this.#wake = () => undefined
  }

  #queued(): number {
    let sum = 0
    for (const queue of this.#lanes.values()) sum += queue.length
    return sum
  }

  async #takeLanes(client: Client): Promise<void> {
    const { log, metrics } = this.#options
    const known = await readPositions(client)
    for (const { lane, folded } of known) {
      const queue = this.#lanes.get(lane)
      if (queue) metrics.foldLag(lane, Math.max(0, Number(queue.end.seq - folded.seq)))
    }
    const free = known.map(({ lane }) => lane).filter(lane => !this.#lanes.has(lane))
    if (free.length === 0) return
    const taken = new Set(await takeRelayLocks(client, free))
    if (taken.size === 0) return
    log.info({ lanes: [...taken] }, 'relay: publishing these lanes')
    await this.#forget(client, taken)
    metrics.lanesHeld(this.#lanes.size)
  }

  /** Begins these lanes anew at the position that is in Postgres, read under the lock. */
  async #forget(client: Client, lanes: ReadonlySet<number>): Promise<void> {
    for (const { lane, published } of await readPositions(client)) {
      if (lanes.has(lane)) this.#lanes.set(lane, new LaneQueue(lane, published))
    }
  }

  /** Rows that another server or a hand recorded are noticed here: those still missing since the last look. */
  async #lookAtHeads(client: Client, seen: Map<number, bigint>): Promise<void> {
    for (const head of await readHeads(client)) {
      const queue = this.#lanes.get(head.lane)
      if (!queue) continue
      if ((seen.get(head.lane) ?? 0n) > queue.end.seq) queue.mustRead = true
      seen.set(head.lane, head.seq)
      this.#options.metrics.publishLag(head.lane, Math.max(0, Number(head.seq - queue.published.seq)))
    }
  }

  async #readWhatIsMissing(client: Client): Promise<void> {
    if (this.#queued() >= EVENTS_PER_SEND) return
    const wanted = [...this.#lanes.values()].filter(queue => queue.mustRead)
    if (wanted.length === 0) return
    const starts = new Map(wanted.map(queue => [queue.lane, queue.end]))
    const read = await rowsAfter(client, starts, ROWS_PER_READ)
    const broken = new Set<number>()
    for (const queue of wanted) {
      const rows = read.get(queue.lane)
      if (rows === undefined) broken.add(queue.lane)
      else queue.append(rows, rows.length < ROWS_PER_READ)
    }
    if (broken.size > 0) {
      this.#options.log.warn({ lanes: [...broken] }, 'relay: a position is not in the ledger any more, reading again')
      await this.#forget(client, broken)
    }
  }

  async #publishRound(client: Client): Promise<void> {
    const { publisher, log, metrics } = this.#options
    const share = Math.max(1, Math.floor(EVENTS_PER_SEND / Math.max(1, this.#lanes.size)))
    const batches = [...this.#lanes.values()].filter(queue => queue.length > 0).map(queue => ({ queue, events: queue.first(share) }))
    if (batches.length === 0) return
    try {
      await publisher.publish(batches.flatMap(({ events }) => events))
    } catch (err) {
      metrics.relayRetried()
      log.warn({ err }, 'relay: Kafka does not take the events, trying again')
      await wait(SEND_AGAIN_AFTER_MS, this.#stopping.signal)
      return
    }
    const moved = await movePublished(client, batches.map(toMove))
    const refused = new Set<number>()
    for (const { queue, events } of batches) {
      metrics.published(queue.lane, events.length)
      if (moved.has(queue.lane)) queue.done(events.length, lastOf(events))
      else refused.add(queue.lane)
    }
    if (refused.size > 0) {
      metrics.relayRetried()
      log.warn({ lanes: [...refused] }, 'relay: a published position was not where it was left, reading again')
      await this.#forget(client, refused)
    }
  }
}

const SEND_AGAIN_AFTER_MS = 500

function toMove({ queue, events }: { queue: LaneQueue; events: readonly PingEvent[] }): Move {
  return { lane: queue.lane, from: queue.published, to: lastOf(events) }
}

function lastOf(events: readonly PingEvent[]): PingEvent {
  return events[events.length - 1]!
}
