import { wait } from '../../runtime/wait.ts'
import { reasonOf, rootOf } from './send-failure.ts'

/** Where a partition is; `leader` is undefined while it has none. */
interface Place {
  readonly partition: number
  readonly leader: number | undefined
}

export interface LeaderWatchOptions {
  /** Asks where the partitions are now; none if the topic does not exist. */
  readonly places: () => Promise<readonly Place[]>
  readonly intervalMs: number
  /** Node ids by partition; a partition without an entry has no leader. */
  readonly onLeaders: (leaders: ReadonlyMap<number, number>) => void
  /** Called with the reason when the leaders cannot be asked any more, and without one when they can again. */
  readonly onTrouble: (reason: string | undefined) => void
}

/** Looks at the leaders of a topic's partitions again and again, and never gives up. */
export class LeaderWatch {
  readonly #options: LeaderWatchOptions
  readonly #stopping = new AbortController()
  #running: Promise<void> = Promise.resolve()
  #trouble: string | undefined

  constructor(options: LeaderWatchOptions) {
    this.#options = options
  }

  /** Why the last look failed; undefined if it did not. */
  get trouble(): string | undefined {
    return this.#trouble
  }

  /** Rejects if the first look fails. */
  async start(): Promise<void> {
    await this.#look()
    this.#running = this.#watch()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  async #watch(): Promise<void> {
    const { intervalMs, onTrouble } = this.#options
    const { signal } = this.#stopping
    for (await wait(intervalMs, signal); !signal.aborted; await wait(intervalMs, signal)) {
      const reason = await this.#look().then(
        () => undefined,
        (error: unknown) => reasonOf(rootOf(error)),
      )
      if (signal.aborted) return
      const isNew = reason !== this.#trouble
      this.#trouble = reason
      if (isNew) onTrouble(reason)
    }
  }

  async #look(): Promise<void> {
    const places = await this.#options.places()
    if (places.length === 0) throw new Error('the topic does not exist')
    this.#options.onLeaders(
      new Map(places.flatMap(({ partition, leader }) => (leader === undefined ? [] : [[partition, leader] as const]))),
    )
  }
}
