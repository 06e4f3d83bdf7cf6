import type { HandOver } from '../store/hand-over.ts'
import { LaneQueue } from './lane-queue.ts'
import type { Outbox } from './outbox.ts'
import type { RelayOptions } from './relay-options.ts'

/** Of one read, over all lanes. */
const ROWS_PER_READ = 1_000

/** The lanes whose relay locks one Postgres session holds, each with its queue. */
export class HeldLanes {
  readonly #outbox: Outbox
  readonly #options: Pick<RelayOptions, 'log' | 'metrics'>
  readonly #queues = new Map<number, LaneQueue>()
  #laneCount = 0

  constructor(outbox: Outbox, options: Pick<RelayOptions, 'log' | 'metrics'>) {
    this.#outbox = outbox
    this.#options = options
  }

  get queues(): readonly LaneQueue[] {
    return [...this.#queues.values()]
  }

  /** True if this session publishes every lane. */
  get hasAll(): boolean {
    return this.#queues.size === this.#laneCount
  }

  /** True if a queue may have rows to read. */
  get lacksRows(): boolean {
    return this.#queues.values().some(queue => queue.lacksRows)
  }

  get isEmpty(): boolean {
    return this.#queues.values().every(queue => queue.length === 0)
  }

  /** Postgres may have further rows. */
  missRows(): void {
    for (const queue of this.#queues.values()) queue.missRows()
  }

  /** Takes rows that were just committed; false if another session publishes their lane. */
  offer({ lane, before, rows }: HandOver): boolean {
    const queue = this.#queues.get(lane)
    queue?.offer(before, this.#outbox.queued(rows))
    return queue !== undefined
  }

  /** Takes the free locks of lanes. Their number never changes. */
  async take(): Promise<void> {
    const { log, metrics } = this.#options
    if (this.#laneCount > 0 && this.hasAll) return
    const known = await this.#outbox.positions()
    this.#laneCount = known.size
    const free = [...known.keys()].filter(lane => !this.#queues.has(lane))
    if (free.length === 0) return
    const taken = new Set(await this.#outbox.takeLocks(free))
    if (taken.size === 0) return
    log.info({ lanes: [...taken] }, 'relay: publishing these lanes')
    await this.restart(taken)
    metrics.lanesHeld(this.#queues.size)
  }

  /** Starts these lanes at their positions in Postgres, read under the lock. */
  async restart(lanes: ReadonlySet<number>): Promise<void> {
    for (const [lane, published] of await this.#outbox.positions())
      if (lanes.has(lane)) this.#queues.set(lane, new LaneQueue(lane, published))
  }

  /** Reads rows of the lanes that may have some and whose queues are empty. */
  async readMissing(): Promise<void> {
    const wanted = this.queues.filter(({ lacksRows, length }) => lacksRows && length === 0)
    if (wanted.length === 0) return
    for (const queue of wanted) queue.beginRead()
    const limit = Math.ceil(ROWS_PER_READ / wanted.length)
    const read = await this.#outbox.recordsAfter(new Map(wanted.map(({ lane, end }) => [lane, end])), limit)
    for (const queue of wanted) {
      const records = read.get(queue.lane)
      if (records) queue.append(records, records.length === 0)
    }
    await this.#restartLost(new Set(wanted.map(({ lane }) => lane).filter(lane => read.get(lane) === undefined)))
  }

  async #restartLost(lanes: ReadonlySet<number>): Promise<void> {
    if (lanes.size === 0) return
    this.#options.log.warn({ lanes: [...lanes] }, 'relay: a position is no longer in the outbox, reading again')
    await this.restart(lanes)
  }

  /** Moves the positions in Postgres to where Kafka has the lanes. A lane whose position was changed by another session starts again. */
  async movePublished(): Promise<void> {
    const moves = this.queues
      .filter(({ published, sent }) => published.seq !== sent.seq)
      .map(queue => ({ queue, lane: queue.lane, from: queue.published, to: queue.sent }))
    if (moves.length === 0) return
    const moved = await this.#outbox.movePublished(moves)
    for (const { queue, lane, to } of moves) if (moved.has(lane)) queue.publishedTo(to)
    const refused = new Set(moves.map(({ lane }) => lane).filter(lane => !moved.has(lane)))
    if (refused.size === 0) return
    this.#options.metrics.relayRetried()
    this.#options.log.warn({ lanes: [...refused] }, 'relay: a published position is not where this instance left it, reading again')
    await this.restart(refused)
  }

  /** True if every position is where Kafka has the lane. */
  get isMoved(): boolean {
    return this.queues.every(({ published, sent }) => published.seq === sent.seq)
  }
}
