import type { Client } from '../ledger/pg-types.ts'
import { movePublished } from '../ledger/positions.ts'
import { wait } from '../runtime/wait.ts'
import { samePosition } from '../terms/position.ts'
import type { LaneQueue } from './lane-queue.ts'
import type { RelayOptions } from './relay-options.ts'
import { WakeUp } from './wake-up.ts'

/** A move costs Postgres 1 ms for 16 lanes. After a crash, what was sent in this time is sent again; readers tell by lane and seq. */
const MOVE_EVERY_MS = 200
const AT_REST_MS = 60_000

/** Moves the published positions of lanes to where Kafka has them: at once after quiet, else five times a second, all in one statement. */
export class Mover {
  readonly #client: Client
  readonly #queues: () => Iterable<LaneQueue>
  readonly #options: Pick<RelayOptions, 'log' | 'metrics'>
  readonly #onRefused: (lanes: ReadonlySet<number>) => Promise<void>
  readonly #sent = new WakeUp()
  readonly #stopping = new AbortController()
  readonly #running: Promise<void>

  /** Lanes whose position was not where it was left have to be begun again from Postgres: `onRefused` does it. */
  constructor(
    client: Client,
    queues: () => Iterable<LaneQueue>,
    options: Pick<RelayOptions, 'log' | 'metrics'>,
    onRefused: (lanes: ReadonlySet<number>) => Promise<void>,
  ) {
    this.#client = client
    this.#queues = queues
    this.#options = options
    this.#onRefused = onRefused
    this.#running = this.#run()
  }

  /** Kafka has more. */
  wake(): void {
    this.#sent.call()
  }

  /** Rejects when Postgres fails; stays open otherwise. */
  failed(): Promise<never> {
    return this.#running.then(() => new Promise<never>(() => undefined))
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#sent.call()
    await this.#running.catch(() => undefined)
  }

  /** Moves every lane that Kafka has more of. */
  async move(): Promise<void> {
    const { log, metrics } = this.#options
    const moves = [...this.#queues()]
      .filter(({ published, sent }) => !samePosition(published, sent))
      .map(queue => ({ queue, lane: queue.lane, from: queue.published, to: queue.sent }))
    if (moves.length === 0) return
    const moved = await movePublished(this.#client, moves)
    for (const { queue, lane, to } of moves) if (moved.has(lane)) queue.published = to
    const refused = new Set(moves.map(({ lane }) => lane).filter(lane => !moved.has(lane)))
    if (refused.size === 0) return
    metrics.relayRetried()
    log.warn({ lanes: [...refused] }, 'relay: a published position was not where it was left, reading again')
    await this.#onRefused(refused)
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      await this.#sent.sleep(AT_REST_MS)
      await this.move()
      await wait(MOVE_EVERY_MS, this.#stopping.signal)
    }
  }
}
