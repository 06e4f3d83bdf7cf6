import { changedHeads, type SeenHeads } from '../ledger/changed-heads.ts'
import { readPositions, restartPublished } from '../ledger/positions.ts'
import type { RecordedBatch } from '../ledger/record.ts'
import { takeRelayLocks } from '../ledger/relay-locks.ts'
import { rowsAfter } from '../ledger/rows-after.ts'
import type { Client } from '../postgres/pg-types.ts'
import { samePosition, type Position } from '../terms/position.ts'
import { LaneQueue } from './lane-queue.ts'
import type { RelayOptions } from './relay-options.ts'

/** Over all lanes. */
const ROWS_PER_READ = 16_000
/** While this many events are queued, no rows are read. */
const ENOUGH = 4_000
/** Maximum number of events kept while Kafka is down; beyond it, events are read from Postgres later. */
export const MAX_QUEUED = 20_000

export interface HeldLanesOptions extends Pick<RelayOptions, 'log' | 'metrics'> {
  /** Called when there may be rows to read or events to publish. */
  readonly onWork: () => void
}

/** The lanes whose relay locks one Postgres session holds, each with its queue. The recorder's hand-over and reads from Postgres fill the queues. */
export class HeldLanes {
  readonly #client: Client
  readonly #options: HeldLanesOptions
  readonly #queues = new Map<number, LaneQueue>()
  /** The heads at the last check. */
  #seen: SeenHeads | undefined

  constructor(client: Client, options: HeldLanesOptions) {
    this.#client = client
    this.#options = options
  }

  get lanes(): readonly number[] {
    return [...this.#queues.keys()]
  }

  get queues(): readonly LaneQueue[] {
    return [...this.#queues.values()]
  }

  /** Number of events waiting for Kafka. */
  get queued(): number {
    let sum = 0
    for (const queue of this.#queues.values()) sum += queue.length
    return sum
  }

  /** True if some rows are known to be in Postgres but in no queue. */
  get lacksRows(): boolean {
    return this.#queues.values().some(queue => queue.mustRead)
  }

  /** Takes the batch that the recorder has just committed. */
  offer(batch: RecordedBatch): void {
    const queue = this.#queues.get(batch.lane)
    if (!queue || batch.inserted.length === 0) return
    const traces = batch.traces && { sinceMs: Date.now(), contexts: batch.traces }
    queue.offer(batch, MAX_QUEUED - this.queued, traces)
    this.#options.onWork()
  }

  /** Takes the free locks of lanes. */
  async take(): Promise<void> {
    const { log, metrics } = this.#options
    const known = await readPositions(this.#client)
    for (const { lane, folded } of known) {
      const queue = this.#queues.get(lane)
      if (!queue) continue
      queue.foldedTo(folded)
      metrics.foldLag(lane, Math.max(0, Number(queue.end.seq - folded.seq)))
    }
    const free = known.map(({ lane }) => lane).filter(lane => !this.#queues.has(lane))
    if (free.length === 0) return
    const taken = new Set(await takeRelayLocks(this.#client, free))
    if (taken.size === 0) return
    log.info({ lanes: [...taken] }, 'relay: publishing these lanes')
    await this.forget(taken)
    metrics.lanesHeld(this.#queues.size)
  }

  /** Restarts these lanes at their positions in Postgres, read under the lock. */
  async forget(lanes: ReadonlySet<number>): Promise<void> {
    for (const { lane, ...positions } of await readPositions(this.#client)) {
      if (lanes.has(lane)) this.#queues.set(lane, new LaneQueue(lane, positions))
    }
    this.#seen = undefined
    this.#options.onWork()
  }

  /**
   * Detects rows recorded by another server or by hand: those still missing since the last check. And deleted rows: a head before the
   * end that the queue had when the query was sent.
   */
  async look(): Promise<void> {
    const before = this.#seen
    const ends = new Map(this.queues.map(({ lane, end }) => [lane, end]))
    const changed = await changedHeads(this.#client, before?.snapshot)
    for (const { lane, seq } of before?.heads ?? []) {
      const queue = this.#queues.get(lane)
      if (queue && seq > queue.end.seq) this.#mustRead(queue)
    }
    if (changed === undefined) return
    this.#seen = changed
    for (const head of changed.heads) {
      const queue = this.#queues.get(head.lane)
      if (!queue) continue
      if (isBefore(head, ends.get(head.lane))) this.#mustRead(queue)
      this.#options.metrics.publishLag(head.lane, Math.max(0, Number(head.seq - queue.published.seq)))
    }
  }

  /** Reads missing rows, unless there is enough to publish. */
  async readMissing(): Promise<void> {
    if (this.queued >= ENOUGH) return
    const wanted = this.queues.filter(queue => queue.mustRead)
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
      this.#options.log.warn({ lanes: [...broken] }, 'relay: a position is no longer in the ledger, reading again')
      await this.#restartLost(wanted.filter(queue => broken.has(queue.lane)))
      await this.forget(broken)
    }
  }

  /** If the published position itself is no longer in the ledger, nothing would be published again without this. */
  async #restartLost(queues: readonly LaneQueue[]): Promise<void> {
    const restarted: number[] = []
    for (const { lane, published, end } of queues) {
      if (samePosition(published, end) && (await restartPublished(this.#client, lane, published))) restarted.push(lane)
    }
    if (restarted.length === 0) return
    const message =
      'relay: rows of pings were deleted or replaced, including the row at the published position; publishing these lanes from their first row'
    this.#options.log.error({ lanes: restarted }, message)
  }

  #mustRead(queue: LaneQueue): void {
    queue.missRows()
    this.#options.onWork()
  }
}

function isBefore(head: Position, end: Position | undefined): boolean {
  return end !== undefined && (head.seq < end.seq || (head.seq === end.seq && head.tag !== end.tag))
}
