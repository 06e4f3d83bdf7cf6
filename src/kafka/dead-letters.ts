import { Partitioners, type Kafka, type KafkaMessage, type Message, type Producer } from 'kafkajs'
import type { Logger } from '../runtime/logger.ts'
import { deadLetterHeaders, headerBytes } from './dead-letter-headers.ts'
import { ensureTopic } from './kafka.ts'
import type { TopicSettings } from './settings.ts'

const ACKS_ALL = -1
const TOO_LARGE: readonly unknown[] = ['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']

function isTooLarge(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('type' in cause && TOO_LARGE.includes(cause.type)) return true
  }
  return false
}

/** The name of the dead-letter topic of this topic. */
export function deadLetterTopic(topic: string): string {
  return `${topic}.dead-letter`
}

export interface DeadLettersOptions {
  readonly kafka: Kafka
  /** The topic that the records come from. */
  readonly topic: string
  /** How to create the dead-letter topic, except that it gets one partition. */
  readonly topicSettings: TopicSettings
  /** How the names of our headers begin, such as `ping-`. */
  readonly headerPrefix: string
  readonly log: Logger
}

/** The topic of the records that cannot be decoded: each unchanged, with its headers, and further headers for its place and the reason. */
export class DeadLetters {
  readonly #options: DeadLettersOptions
  #producer: Promise<Producer> | undefined

  constructor(options: DeadLettersOptions) {
    this.#options = options
  }

  get topic(): string {
    return deadLetterTopic(this.#options.topic)
  }

  /** Resolves when the record is in the topic. Rejects if Kafka does not accept it: the record is then read again. */
  async put(partition: number, { offset, key, value, timestamp, headers: own }: KafkaMessage, reason: string): Promise<void> {
    const { topic, headerPrefix, log } = this.#options
    log.warn({ partition, offset, reason }, 'a record cannot be decoded; writing it to the dead-letter topic')
    const place = { reason, topic, partition: String(partition), offset, timestamp }
    try {
      await this.#send({ key, value, headers: deadLetterHeaders(own, headerPrefix, place) })
    } catch (error) {
      if (!isTooLarge(error)) throw error
      // With our headers it is too large for a record. It is written without its bytes: the topic that it came from has them.
      const bytes = (key?.length ?? 0) + (value?.length ?? 0) + headerBytes(own)
      const headers = deadLetterHeaders(undefined, headerPrefix, { ...place, 'left-out': `${bytes} bytes` })
      await this.#send({ key: null, value: null, headers })
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
    const { kafka, topicSettings } = this.#options
    await ensureTopic(kafka, this.topic, { ...topicSettings, kafkaTopicPartitions: 1 })
    const producer = kafka.producer({ allowAutoTopicCreation: false, createPartitioner: Partitioners.DefaultPartitioner })
    await producer.connect()
    return producer
  }
}
