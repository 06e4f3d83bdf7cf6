import type { Kafka, Message, Producer } from 'kafkajs'
import { benchProducer } from './bench-kafka.ts'

const MAX_BATCH = 2_000

/** Sends what was added meanwhile at once, one request at a time: a single record leaves without delay. */
export class GatheringSender {
  readonly #producer: Producer
  readonly #topic: string
  #pending: Message[] = []
  #sending: Promise<void> | undefined

  constructor(kafka: Kafka, topic: string) {
    this.#producer = benchProducer(kafka)
    this.#topic = topic
  }

  connect(): Promise<void> {
    return this.#producer.connect()
  }

  add(message: Message): void {
    this.#pending.push(message)
    this.#sending ??= this.#send()
  }

  /** Resolves when the broker has everything that was added. */
  async flush(): Promise<void> {
    while (this.#sending) await this.#sending
  }

  async disconnect(): Promise<void> {
    await this.#producer.disconnect()
  }

  async #send(): Promise<void> {
    await Promise.resolve() // what is added in the same tick goes along
    while (this.#pending.length > 0) {
      const messages = this.#pending.splice(0, MAX_BATCH)
      await this.#producer.send({ topic: this.#topic, messages, acks: -1 })
    }
    this.#sending = undefined
  }
}
