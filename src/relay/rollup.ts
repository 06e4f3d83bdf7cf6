import type { Client } from '../ledger/pg-types.ts'
import { fold, foldCounts, readPositions, unfold } from '../ledger/positions.ts'
import type { Logger } from '../runtime/logger.ts'
import { samePosition } from '../terms/position.ts'
import type { HeldLanes } from './held-lanes.ts'
import type { LaneQueue } from './lane-queue.ts'

const ROWS_PER_FOLD = 5_000

/**
 * Folds the lanes that this server publishes into the rollup, whether or not Kafka answers. What passed through the queues is
 * counted there already: one statement for all lanes, none when nothing came. Rows that did not (from before the start, or more
 * than the queues hold while Kafka is away) are read, a lane a statement.
 */
export class Rollup {
  readonly #client: Client
  readonly #held: HeldLanes
  readonly #log: Logger
  /** Lanes whose queue lacked rows at the last round, and had counted none. */
  #lacking = new Set<number>()

  constructor(client: Client, held: HeldLanes, log: Logger) {
    this.#client = client
    this.#held = held
    this.#log = log
  }

  /** All lanes, as far as one statement each goes. One call at a time. True if there may be more to fold at once. */
  async fold(): Promise<boolean> {
    const { queues } = this.#held
    const behind = queues.filter(queue => !this.#isCounted(queue))
    this.#lacking = new Set(queues.filter(lacksRows).map(({ lane }) => lane))
    await this.#foldCounted(queues.filter(queue => !queue.tally.isEmpty && !behind.includes(queue)))
    if (behind.length === 0) return false
    let more = false
    for (const queue of behind) {
      more = (await this.#foldRows(queue)) || more
    }
    await this.#readFolded(behind)
    return more
  }

  /** True if the tally goes on from the folded position, and does not stand still. */
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
    if (refused.length > 0) await this.#readFolded(refused) // they differ from the tallies from now on: the rows are read
  }

  /** True if there may be more to fold at once. */
  async #foldRows(queue: LaneQueue): Promise<boolean> {
    const { lane, folded, tally, end } = queue
    if (folded.seq >= tally.from.seq) tally.restart(end)
    const missing = Number(tally.from.seq - folded.seq)
    // As far as the tally's beginning, so that it is what comes next. A queue that lacks rows does not go on counting: all there are.
    // Else a position beyond the queue's: it will get there, if the position is in its history, which a look tells.
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

/** True while Kafka is away and the queue is full, and for a moment whenever rows are being read. */
function lacksRows({ mustRead, tally }: LaneQueue): boolean {
  return mustRead && tally.isEmpty
}
