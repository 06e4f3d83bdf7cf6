import { randomUUID } from 'node:crypto'
import { decode } from '../../pong/messages/decode.ts'
import { encode } from '../../pong/messages/encode.ts'
import { readHeaders, writeHeaders, type Envelope, type Headers } from '../../pong/messages/headers.ts'
import type { Ack, Ping, Pong } from '../../pong/messages/message.ts'
import { GatheringProducer, type WrittenRecord } from '../../src/kafka/gathering-producer.ts'
import { existingTopic } from '../../src/kafka/kafka.ts'
import { PartitionReader } from '../../src/kafka/partition-reader.ts'
import { silent, testKafka, testSettings } from '../kafka/kafka-fixture.ts'

/** A reply as the client gets it. */
export interface ReceivedPong {
  readonly pong: Pong
  readonly envelope: Envelope
  readonly key: string
  readonly partition: number
}

export interface Topics {
  readonly request: string
  readonly reply: string
}

/** A client for tests: it sends pings to partitions of its choice, and keeps all replies of the reply topic by correlation id. */
export class PongClient {
  readonly topics: Topics
  readonly producer: GatheringProducer
  readonly replies = new Map<string, ReceivedPong[]>()
  readonly #brokers: string
  #reader: PartitionReader | undefined
  readonly #waiting = new Map<string, (reply: ReceivedPong) => void>()

  constructor(brokers: string, topics: Topics) {
    this.topics = topics
    this.#brokers = brokers
    this.producer = new GatheringProducer({ kafka: testKafka(brokers) })
  }

  /** Resolves when it reads the reply topic, from its beginning. */
  async start(): Promise<void> {
    const { reply: topic } = this.topics
    const count = await existingTopic(testKafka(this.#brokers), topic)
    this.#reader = new PartitionReader({
      settings: testSettings(this.#brokers),
      clientId: 'client',
      topic,
      partitions: Array.from({ length: count }, (_, partition) => partition),
      from: 'earliest',
      log: silent,
      onRecords: (partition, records) => {
        for (const { key, value, headers } of records) this.#received({ key: String(key), partition }, value, headers as Headers)
      },
    })
    this.#reader.start()
    await this.#reader.positioned
  }

  async stop(): Promise<void> {
    await this.producer.stop()
    await this.#reader?.stop()
  }

  /** Sends a ping; resolves with its correlation id when Kafka has it. */
  async ping(ping: Partial<Ping> = {}, envelope: Partial<Envelope> = {}, partition?: number): Promise<string> {
    const correlationId = envelope.correlationId ?? randomUUID()
    await this.write(encode({ ...PING, ...ping }), { ...this.#envelope(correlationId), ...envelope }, partition)
    return correlationId
  }

  async ack(correlationId: string, ack: Omit<Ack, 'type'>): Promise<void> {
    await this.write(encode({ type: 'ack', ...ack }), { correlationId, handshake: false })
  }

  /** Writes any value into the request topic. */
  write(value: string | Buffer | null, envelope: Envelope, partition?: number): Promise<WrittenRecord> {
    const place = partition === undefined ? {} : { partition }
    return this.producer.send({ topic: this.topics.request, key: envelope.correlationId, value, headers: writeHeaders(envelope), ...place })
  }

  /** Sends a ping and waits for its first reply. */
  async roundTrip(ping: Partial<Ping> = {}, envelope: Partial<Envelope> = {}): Promise<ReceivedPong> {
    const correlationId = envelope.correlationId ?? randomUUID()
    const { promise, resolve } = Promise.withResolvers<ReceivedPong>()
    this.#waiting.set(correlationId, resolve)
    await this.ping(ping, { ...envelope, correlationId })
    return promise
  }

  repliesTo(correlationId: string): readonly ReceivedPong[] {
    return this.replies.get(correlationId) ?? []
  }

  #envelope(correlationId: string): Envelope {
    return { correlationId, replyTo: { topic: this.topics.reply, partition: 0 }, handshake: false }
  }

  #received(place: Pick<ReceivedPong, 'key' | 'partition'>, value: Buffer | null, headers: Headers): void {
    const pong = decode(value)
    if (pong.type !== 'pong') throw new Error(`got a ${pong.type} in the reply topic`)
    const envelope = readHeaders(headers)
    const reply = { pong, envelope, ...place }
    const all = this.replies.get(envelope.correlationId)
    if (all) all.push(reply)
    else this.replies.set(envelope.correlationId, [reply])
    this.#waiting.get(envelope.correlationId)?.(reply)
    this.#waiting.delete(envelope.correlationId)
  }
}

const PING: Ping = { type: 'ping', seq: 1, to: 'one', attempt: 1, padding: '' }
