import { fold, foldCounts, readPositions, unfold } from '../ledger/positions.ts'
import type { Client } from '../postgres/pg-types.ts'
import type { Logger } from '../runtime/logger.ts'
import { samePosition } from '../terms/position.ts'
import type { HeldLanes } from './held-lanes.ts'
import type { LaneQueue } from './lane-queue.ts'

const ROWS_PER_FOLD = 5_000

/**
 * The rollup, as far as this server keeps it: folds the lanes that it publishes, whether or not Kafka answers. Pings that passed
 * through a queue are already counted in its tally: one statement folds them for all lanes. All other rows (from before the start, or
 * beyond what the queues hold while Kafka is down) are read from Postgres, one lane per statement.
 */
export class Rollup {
  readonly #client: Client
  readonly #held: HeldLanes
  readonly #log: Logger
  /** Lanes whose queue lacked rows in the last round and had counted nothing. */
  #lacking = new Set<number>()

  constructor(client: Client, held: HeldLanes, log: Logger) {
    this.#client = client
    this.#held = held
    this.#log = log
  }

  /** Folds all lanes, at most one statement each. One call at a time. True if more can be folded at once. */
  async fold(): Promise<boolean> {
    const { queues } = this.#held
    const uncounted = queues.filter(queue => !this.#isCounted(queue))
    this.#lacking = new Set(queues.filter(lacksRows).map(({ lane }) => lane))
    await this.#foldCounted(queues.filter(queue => !queue.tally.isEmpty && !uncounted.includes(queue)))
    if (uncounted.length === 0) return false
    let more = false
    for (const queue of uncounted) {
      more = (await this.#foldRows(queue)) || more
    }
    await this.#readFolded(uncounted)
    return more
  }

  /** True if the tally starts at the folded position and makes progress. */
  #isCounted(queue: LaneQueue): boolean {
    return samePosition(queue.folded, queue.tally.from) && !(lacksRows(queue) && this.#lacking.has(queue.lane))
  }

  async #foldCounted(queues: readonly LaneQueue[]): Promise<void> {
    if (queues.length === 0) return
    const folds = queues.map(queue => ({ lane: queue.lane, ...queue.tally.take() }))
    const moved = await foldCounts(this.#client, folds)
    queues.forEach((queue, index) => {
      if (moved.has(queue.lane)) queue.foldedTo(folds[index]!.to)
    })
    const refused = queues.filter(({ lane }) => !moved.has(lane))
    if (refused.length > 0) await this.#readFolded(refused) // they no longer match the tallies, so the next round reads the rows
  }

  /** True if more can be folded at once. */
  async #foldRows(queue: LaneQueue): Promise<boolean> {
    const { lane, folded, tally, end } = queue
    if (folded.seq >= tally.from.seq) tally.restart(end)
    const missing = Number(tally.from.seq - folded.seq)
    // Up to the start of the tally, so that the tally can follow. A queue that lacks rows does not count: then all rows there are.
    // Otherwise the folded position is ahead of the queue, which will reach it if both are of the same history: one row shows that.
    const limit = missing > 0 ? Math.min(missing, ROWS_PER_FOLD) : queue.mustRead ? ROWS_PER_FOLD : 1
    const count = await fold(this.#client, lane, limit)
    if (count === undefined) {
      this.#log.error({ lane }, 'the rollup does not match the ledger, folding the lane again from its first ping')
      await unfold(this.#client, lane)
      return true
    }
    return count >= ROWS_PER_FOLD
  }

  async #readFolded(queues: readonly LaneQueue[]): Promise<void> {
    const known = new Map((await readPositions(this.#client)).map(({ lane, folded }) => [lane, folded]))
    for (const queue of queues) queue.foldedTo(known.get(queue.lane) ?? queue.folded)
  }
}

/** True while Kafka is down and the queue is full, and briefly whenever rows are read. */
function lacksRows({ mustRead, tally }: LaneQueue): boolean {
  return mustRead && tally.isEmpty
}
