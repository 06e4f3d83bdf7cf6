import { movePublished } from '../ledger/positions.ts'
import type { Client } from '../postgres/pg-types.ts'
import { samePosition } from '../terms/position.ts'
import type { HeldLanes } from './held-lanes.ts'
import type { RelayOptions } from './relay-options.ts'

/** The published positions in Postgres: moves them, by compare-and-set, to where Kafka has the lanes. */
export class PublishedPositions {
  readonly #client: Client
  readonly #held: HeldLanes
  readonly #options: Pick<RelayOptions, 'log' | 'metrics'>

  constructor(client: Client, held: HeldLanes, options: Pick<RelayOptions, 'log' | 'metrics'>) {
    this.#client = client
    this.#held = held
    this.#options = options
  }

  /** True if every position is where Kafka has the lane. */
  get isDone(): boolean {
    return this.#held.queues.every(({ published, sent }) => samePosition(published, sent))
  }

  /** Moves the positions of all lanes in one statement. One call at a time. A lane whose position was changed by another session starts again. */
  async move(): Promise<void> {
    const { log, metrics } = this.#options
    const moves = this.#held.queues
      .filter(({ published, sent }) => !samePosition(published, sent))
      .map(queue => ({ queue, lane: queue.lane, from: queue.published, to: queue.sent }))
    if (moves.length === 0) return
    const moved = await movePublished(this.#client, moves)
    for (const { queue, lane, to } of moves) if (moved.has(lane)) queue.publishedTo(to)
    const refused = new Set(moves.map(({ lane }) => lane).filter(lane => !moved.has(lane)))
    if (refused.size === 0) return
    metrics.relayRetried()
    log.warn({ lanes: [...refused] }, 'relay: a published position is not where this server left it, reading again')
    await this.#held.forget(refused)
  }
}
