import type { Client } from '../ledger/pg-types.ts'
import { fold, unfold } from '../ledger/positions.ts'
import type { Logger } from '../runtime/logger.ts'
import { wait } from '../runtime/wait.ts'

const FOLD_EVERY_MS = 500
const ROWS_PER_FOLD = 5_000

/** Folds the lanes that this server publishes into the rollup, whether or not Kafka answers. */
export class Folder {
  readonly #client: Client
  readonly #lanes: () => readonly number[]
  readonly #log: Logger
  readonly #stopping = new AbortController()
  readonly #running: Promise<void>

  constructor(client: Client, lanes: () => readonly number[], log: Logger) {
    this.#client = client
    this.#lanes = lanes
    this.#log = log
    this.#running = this.#run()
  }

  /** Rejects when Postgres fails; stays open otherwise. */
  failed(): Promise<never> {
    return this.#running.then(() => new Promise<never>(() => undefined))
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running.catch(() => undefined)
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      let more = false
      for (const lane of this.#lanes()) {
        if (this.#stopping.signal.aborted) return
        more = (await this.#foldLane(lane)) || more
      }
      if (!more) await wait(FOLD_EVERY_MS, this.#stopping.signal)
    }
  }

  /** True if there may be more to fold at once. */
  async #foldLane(lane: number): Promise<boolean> {
    const folded = await fold(this.#client, lane, ROWS_PER_FOLD)
    if (folded === undefined) {
      this.#log.error({ lane }, 'the rollup is of another history than the ledger, folding the lane anew')
      await unfold(this.#client, lane)
      return true
    }
    return folded >= ROWS_PER_FOLD
  }
}
