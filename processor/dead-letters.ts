import { Partitioners, type Kafka, type KafkaMessage, type Message, type Producer } from 'kafkajs'
import { ensureTopic } from '../src/kafka/kafka.ts'
import type { TopicSettings } from '../src/kafka/settings.ts'
import type { Logger } from '../src/runtime/logger.ts'
import { deadLetterHeaders, headerBytes } from './dead-letter-headers.ts'

const ACKS_ALL = -1
const TOO_LARGE: readonly unknown[] = ['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']

function isTooLarge(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('type' in cause && TOO_LARGE.includes(cause.type)) return true
  }
  return false
}

/** The name of the dead-letter topic of this topic of pings. */
export function deadLetterTopic(topic: string): string {
  return `${topic}.dead-letter`
}

/** The topic of the records that cannot be decoded: each unchanged, with its headers, and further headers for its place and the reason. */
export class DeadLetters {
  readonly #kafka: Kafka
  readonly #topic: string
  readonly #settings: TopicSettings
  readonly #log: Logger
  #producer: Promise<Producer> | undefined

  constructor(kafka: Kafka, topic: string, settings: TopicSettings, log: Logger) {
    this.#kafka = kafka
    this.#topic = topic
    this.#settings = settings
    this.#log = log
  }

  get topic(): string {
    return deadLetterTopic(this.#topic)
  }

  /** Resolves when the record is in the topic. Rejects if Kafka does not accept it: the record is then read again. */
  async put(partition: number, { offset, key, value, timestamp, headers: own }: KafkaMessage, reason: string): Promise<void> {
    this.#log.warn({ partition, offset, reason }, 'a record cannot be decoded; writing it to the dead-letter topic')
    const place = { reason, topic: this.#topic, partition: String(partition), offset, timestamp }
    try {
      await this.#send({ key, value, headers: deadLetterHeaders(own, place) })
    } catch (error) {
      if (!isTooLarge(error)) throw error
      // With our headers it is too large for a record. It is written without its bytes: the topic that it came from has them.
      const bytes = (key?.length ?? 0) + (value?.length ?? 0) + headerBytes(own)
      await this.#send({ key: null, value: null, headers: deadLetterHeaders(undefined, { ...place, 'left-out': `${bytes} bytes` }) })
    }
  }

  async #send(message: Message): Promise<void> {
    this.#producer ??= this.#connect()
    try {
      const producer = await this.#producer
      await producer.send({ topic: this.topic, acks: ACKS_ALL, messages: [message] })
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  async stop(): Promise<void> {
    const producer = await this.#producer?.catch(() => undefined)
    this.#producer = undefined
    await producer?.disconnect().catch(() => undefined)
  }

  async #connect(): Promise<Producer> {
    await ensureTopic(this.#kafka, this.topic, { ...this.#settings, kafkaTopicPartitions: 1 })
    const producer = this.#kafka.producer({ allowAutoTopicCreation: false, createPartitioner: Partitioners.DefaultPartitioner })
    await producer.connect()
    return producer
  }
}
