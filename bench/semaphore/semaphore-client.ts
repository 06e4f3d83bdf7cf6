import type { Consumer, Kafka, KafkaMessage } from 'kafkajs'
import { benchKafka } from './bench-kafka.ts'
import { GatheringSender } from './gathering-sender.ts'
import type { SemaphoreTopics } from './start-semaphore.ts'

/** A command that became actionable. */
export interface Grant {
  readonly resource: string
  readonly commandId: string
  readonly token: string
  /** By performance.now(). */
  readonly seenMs: number
}

/** Requests commands, gets those that became actionable, and finishes them: by the topics alone. */
export class SemaphoreClient {
  /** Is called with each command once. */
  onGrant: (grant: Grant) => void = () => undefined
  readonly #kafka: Kafka
  readonly #topics: SemaphoreTopics
  readonly #requests: GatheringSender
  readonly #events: GatheringSender
  readonly #consumer: Consumer
  readonly #seen = new Set<string>()

  constructor(port: number, topics: SemaphoreTopics) {
    this.#kafka = benchKafka(port)
    this.#topics = topics
    this.#requests = new GatheringSender(this.#kafka, topics.requests)
    this.#events = new GatheringSender(this.#kafka, topics.events)
    this.#consumer = this.#kafka.consumer({ groupId: 'bench-resources', maxWaitTimeInMs: 100 })
  }

  async start(): Promise<void> {
    await Promise.all([this.#requests.connect(), this.#events.connect(), this.#consumer.connect()])
    const joined = new Promise<void>(resolve => this.#consumer.on(this.#consumer.events.GROUP_JOIN, () => resolve()))
    await this.#consumer.subscribe({ topic: this.#topics.actionable, fromBeginning: true })
    await this.#consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch }) => {
        for (const message of batch.messages) this.#take(message)
      },
    })
    await joined
  }

  submit(resource: string, commandId: string, value: string): void {
    this.#requests.add({ key: resource, value, headers: { 'command-id': commandId } })
  }

  finish({ resource, commandId, token }: Grant): void {
    this.#events.add({ key: resource, value: null, headers: { 'command-id': commandId, token } })
  }

  /** Resolves when the broker has all requests. */
  async submitted(): Promise<void> {
    await this.#requests.flush()
  }

  async stop(): Promise<void> {
    await Promise.all([this.#requests.flush(), this.#events.flush()])
    await Promise.all([this.#consumer.disconnect(), this.#requests.disconnect(), this.#events.disconnect()])
  }

  #take({ key, headers = {} }: KafkaMessage): void {
    const commandId = String(headers['command-id'])
    if (this.#seen.has(commandId)) return
    this.#seen.add(commandId)
    this.onGrant({ resource: String(key), commandId, token: String(headers['token']), seenMs: performance.now() })
  }
}
