import type { Admin, Kafka } from 'kafkajs'
import { wait } from '../../runtime/wait.ts'
import { reasonOf, rootOf } from './send-failure.ts'

export interface LeaderWatchOptions {
  readonly kafka: Kafka
  readonly topic: string
  readonly intervalMs: number
  /** The leaders by partition; a partition without an entry has none. */
  readonly onLeaders: (leaders: ReadonlyMap<number, number>) => void
  /** Called when the topic or Kafka cannot be asked any more, with the reason, and when it can again, with none. */
  readonly onTrouble: (reason: string | undefined) => void
}

/** Looks at the leaders of a topic's partitions again and again, and never gives up. */
export class LeaderWatch {
  readonly #options: LeaderWatchOptions
  readonly #stopping = new AbortController()
  #admin: Admin | undefined
  #running: Promise<void> = Promise.resolve()
  #trouble: string | undefined

  constructor(options: LeaderWatchOptions) {
    this.#options = options
  }

  /** Resolves with the number of brokers after the first look; rejects if that fails. */
  async start(): Promise<number> {
    await this.#look()
    const { brokers } = await (await this.#connected()).describeCluster()
    this.#running = this.#watch()
    return brokers.length
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#disconnect()
    await this.#running
  }

  async #watch(): Promise<void> {
    const { intervalMs } = this.#options
    const { signal } = this.#stopping
    for (await wait(intervalMs, signal); !signal.aborted; await wait(intervalMs, signal)) {
      const reason = await this.#look().then(
        () => undefined,
        (error: unknown) => this.#reason(error),
      )
      if (signal.aborted) return
      if (reason !== undefined) await this.#disconnect()
      if (reason !== this.#trouble) this.#options.onTrouble(reason)
      this.#trouble = reason
    }
  }

  #reason(error: unknown): string {
    const root = rootOf(error)
    return root.type === 'UNKNOWN_TOPIC_OR_PARTITION' ? `the topic ${this.#options.topic} does not exist` : reasonOf(root)
  }

  async #look(): Promise<void> {
    const admin = await this.#connected()
    const { topics } = await admin.fetchTopicMetadata({ topics: [this.#options.topic] })
    const partitions = topics[0]?.partitions ?? []
    const led = partitions.filter(({ leader }) => leader >= 0)
    this.#options.onLeaders(new Map(led.map(({ partitionId, leader }) => [partitionId, leader])))
  }

  async #connected(): Promise<Admin> {
    if (this.#admin) return this.#admin
    const admin = this.#options.kafka.admin({ retry: { retries: 0 } })
    this.#admin = admin
    await admin.connect()
    return admin
  }

  /** A new connection finds the brokers by their addresses in the settings. */
  async #disconnect(): Promise<void> {
    const admin = this.#admin
    this.#admin = undefined
    await admin?.disconnect().catch(() => undefined)
  }
}
