import { randomUUID } from 'node:crypto'
import type { Consumer } from 'kafkajs'
import { decode } from '../../pong/messages/decode.ts'
import { encode } from '../../pong/messages/encode.ts'
import { readHeaders, writeHeaders, type Envelope, type Headers } from '../../pong/messages/headers.ts'
import type { Ack, Ping, Pong } from '../../pong/messages/message.ts'
import { GatheringProducer, type WrittenRecord } from '../../src/kafka/gathering-producer.ts'
import { testKafka } from '../kafka/kafka-fixture.ts'
import { uniqueName } from '../support/kafka.ts'

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
  readonly #consumer: Consumer
  readonly #waiting = new Map<string, (reply: ReceivedPong) => void>()

  constructor(brokers: string, topics: Topics) {
    const kafka = testKafka(brokers)
    this.topics = topics
    this.producer = new GatheringProducer({ kafka })
    this.#consumer = kafka.consumer({ groupId: uniqueName('client'), maxWaitTimeInMs: 500, allowAutoTopicCreation: false })
  }

  /** Resolves when it reads the reply topic, from its beginning. */
  async start(): Promise<void> {
    await this.#consumer.connect()
    await this.#consumer.subscribe({ topic: this.topics.reply, fromBeginning: true })
    const joined = new Promise(resolve => this.#consumer.on(this.#consumer.events.GROUP_JOIN, resolve))
    await this.#consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch }) => {
        for (const { key, value, headers } of batch.messages)
          this.#received({ key: String(key), partition: batch.partition }, value, headers as Headers)
      },
    })
    await joined
  }

  async stop(): Promise<void> {
    await this.producer.stop()
    await this.#consumer.disconnect()
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
