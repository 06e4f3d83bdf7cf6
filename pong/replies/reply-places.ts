import type { Kafka } from 'kafkajs'
import { wait } from '../../src/runtime/wait.ts'
import type { ReplyTo } from '../messages/headers.ts'

/** The brokers are asked at most this often, however many pings name a place that is not known. */
const ASK_EVERY_MS = 200

/**
 * Where replies may go: partitions that exist, of the reply topic and of topics whose names begin with it and a dot. So a client cannot
 * make the server write into other topics. kafkajs would drop a record for a partition that does not exist without an error.
 */
export class ReplyPlaces {
  readonly #kafka: Kafka
  readonly #replyTopic: string
  readonly #forbidden: ReadonlySet<string>
  readonly #stopping = new AbortController()
  /** Partitions of each topic. */
  #known: ReadonlyMap<string, number> = new Map()
  #next: Promise<void> | undefined
  #askedMs = -Infinity

  /** `forbidden`: topics to which no reply goes, whatever their names are. */
  constructor(kafka: Kafka, replyTopic: string, forbidden: Iterable<string>) {
    this.#kafka = kafka
    this.#replyTopic = replyTopic
    this.#forbidden = new Set(forbidden)
  }

  /** True if the partition existed when the brokers were last asked. */
  isKnown({ topic, partition }: ReplyTo): boolean {
    return partition < (this.#known.get(topic) ?? 0)
  }

  /** Why no reply may go there, without asking the brokers; undefined if nothing is wrong with the name. */
  objection({ topic, partition }: ReplyTo): string | undefined {
    if (this.#isAllowed(topic)) return undefined
    return `reply-to: got "${topic}/${partition}", expected a partition of ${this.#replyTopic}, or of a topic whose name begins with ${this.#replyTopic}.`
  }

  /** Resolves when a broker has said which places exist now. Rejects only if it is stopped before. */
  learn(): Promise<void> {
    return (this.#next ??= this.#askSoon())
  }

  /** Asks the brokers from now on, and returns what is wrong with the place; undefined if it exists. Waits until a broker answers. */
  async ask(place: ReplyTo): Promise<string | undefined> {
    await this.learn()
    if (this.isKnown(place)) return undefined
    const { topic, partition } = place
    const count = this.#known.get(topic)
    const expected = count === undefined ? 'a topic that exists' : `a partition from 0 to ${count - 1}`
    return `reply-to: got "${topic}/${partition}", expected ${expected}`
  }

  stop(): void {
    this.#stopping.abort()
  }

  async #askSoon(): Promise<void> {
    const { signal } = this.#stopping
    for (;;) {
      await wait(this.#askedMs + ASK_EVERY_MS - performance.now(), signal)
      this.#next = undefined // who asks from now on gets a later answer
      this.#askedMs = performance.now()
      try {
        this.#known = await this.#askBrokers()
        return
      } catch (error) {
        if (signal.aborted) throw error
      }
    }
  }

  /** The partitions of all topics that may be used. */
  async #askBrokers(): Promise<ReadonlyMap<string, number>> {
    const admin = this.#kafka.admin()
    try {
      await admin.connect()
      const names = (await admin.listTopics()).filter(name => this.#isAllowed(name))
      if (names.length === 0) return new Map()
      const { topics } = await admin.fetchTopicMetadata({ topics: names })
      return new Map(topics.map(({ name, partitions }) => [name, partitions.length]))
    } finally {
      await admin.disconnect()
    }
  }

  #isAllowed(topic: string): boolean {
    return (topic === this.#replyTopic || topic.startsWith(`${this.#replyTopic}.`)) && !this.#forbidden.has(topic)
  }
}
