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

/** A record, the partition that it came from, and why it cannot be used. */
export interface DeadLetter {
  readonly partition: number
  readonly message: KafkaMessage
  readonly reason: string
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
  async put(partition: number, message: KafkaMessage, reason: string): Promise<void> {
    const letter = { partition, message, reason }
    this.#note(letter)
    try {
      await this.#send([this.#record(letter)])
    } catch (error) {
      if (!isTooLarge(error)) throw error
      await this.#send([this.#recordWithoutBytes(letter)])
    }
  }

  /** Writes many in one request. Rejects if Kafka does not accept them together: each may be accepted by `put`. */
  async putAll(letters: readonly DeadLetter[]): Promise<void> {
    for (const letter of letters) this.#note(letter)
    await this.#send(letters.map(letter => this.#record(letter)))
  }

  #note({ partition, message: { offset }, reason }: DeadLetter): void {
    this.#options.log.warn({ partition, offset, reason }, 'a record cannot be decoded; writing it to the dead-letter topic')
  }

  #record(letter: DeadLetter): Message {
    const { key, value, headers } = letter.message
    return { key, value, headers: deadLetterHeaders(headers, this.#options.headerPrefix, this.#placeOf(letter)) }
  }

  /** For a record that is too large with our headers: the topic that it came from has its bytes. */
  #recordWithoutBytes(letter: DeadLetter): Message {
    const { key, value, headers } = letter.message
    const bytes = (key?.length ?? 0) + (value?.length ?? 0) + headerBytes(headers)
    const place = { ...this.#placeOf(letter), 'left-out': `${bytes} bytes` }
    return { key: null, value: null, headers: deadLetterHeaders(undefined, this.#options.headerPrefix, place) }
  }

  #placeOf({ partition, message: { offset, timestamp }, reason }: DeadLetter) {
    return { reason, topic: this.#options.topic, partition: String(partition), offset, timestamp }
  }

  async #send(messages: Message[]): Promise<void> {
    this.#producer ??= this.#connect()
    try {
      const producer = await this.#producer
      await producer.send({ topic: this.topic, acks: ACKS_ALL, messages })
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
