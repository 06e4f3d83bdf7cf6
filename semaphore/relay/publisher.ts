import { Partitioners, type Kafka, type Producer } from 'kafkajs'
import { encodeRecords } from '../../src/kafka/encode-records.ts'
import { ensureTopic } from '../../src/kafka/kafka.ts'
import { packedMessages } from '../../src/kafka/packed-messages.ts'
import { PartitionChoice, type OutgoingRecord } from '../../src/kafka/partition-choice.ts'
import type { TopicSettings } from '../../src/kafka/settings.ts'

const ACKS_ALL = -1
const BROKER_TIMEOUT_MS = 5_000

/**
 * Writes records: one request at a time, acks=all, idempotent. A record's partition is that of its key, so the records of a resource
 * stay in their order.
 *
 * One at a time, retries included, because kafkajs reuses a sequence number when a response is lost, and the broker then drops the next
 * request as a duplicate. For the same reason the producer is replaced after a request has finally failed. Records may then be in the
 * topic twice; readers detect that by command id and token.
 */
export class Publisher {
  readonly #kafka: Kafka
  readonly #topics: readonly string[]
  readonly #topicSettings: TopicSettings
  #choice: PartitionChoice
  #producer: Producer | undefined
  #last: Promise<void> = Promise.resolve()

  /** It creates these topics if they are missing. */
  constructor(kafka: Kafka, topics: readonly string[], topicSettings: TopicSettings) {
    this.#kafka = kafka
    this.#topics = topics
    this.#topicSettings = topicSettings
    this.#choice = new PartitionChoice(kafka)
  }

  /** Resolves when all in-sync replicas have the records. Calls wait for earlier ones. */
  publish(records: readonly OutgoingRecord[]): Promise<void> {
    const published = this.#last.then(() => this.#send(records))
    this.#last = published.catch(() => undefined)
    return published
  }

  async #send(records: readonly OutgoingRecord[]): Promise<void> {
    try {
      this.#producer ??= await this.#connect()
      for (const topic of new Set(records.map(({ topic }) => topic))) await this.#choice.learn(topic)
      await this.#producer.sendBatch({ acks: ACKS_ALL, timeout: BROKER_TIMEOUT_MS, topicMessages: this.#grouped(records) })
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  #grouped(records: readonly OutgoingRecord[]) {
    return [...Map.groupBy(records, ({ topic }) => topic)].map(([topic, ofTopic]) => {
      const byPartition = Map.groupBy(ofTopic, record => this.#choice.choose(record))
      return { topic, messages: packedMessages(new Map([...byPartition].map(([partition, each]) => [partition, encodeRecords(each)]))) }
    })
  }

  async stop(): Promise<void> {
    const producer = this.#producer
    this.#producer = undefined
    this.#choice = new PartitionChoice(this.#kafka)
    await producer?.disconnect().catch(() => undefined)
  }

  async #connect(): Promise<Producer> {
    for (const topic of this.#topics) await ensureTopic(this.#kafka, topic, this.#topicSettings)
    const producer = this.#kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner, // never called: the records are already grouped by partition
      retry: { initialRetryTime: 50, maxRetryTime: 1_000, retries: 4 },
    })
    try {
      await producer.connect()
    } catch (error) {
      await producer.disconnect().catch(() => undefined)
      throw error
    }
    return producer
  }
}
