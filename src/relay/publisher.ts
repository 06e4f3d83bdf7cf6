import { Partitioners, type Kafka, type Producer } from 'kafkajs'
import type { EventRun } from '../events/event-run.ts'
import { partitionOfLane } from '../events/partition-of-lane.ts'
import { RecordWriter } from '../events/record-writer.ts'
import { ensureTopic } from '../kafka/kafka.ts'
import { packedMessages } from '../kafka/packed-messages.ts'
import type { TopicSettings } from '../kafka/settings.ts'
import type { Tracing } from '../tracing/tracing.ts'
import { SendTrace } from './send-trace.ts'

const ACKS_ALL = -1
const BROKER_TIMEOUT_MS = 5_000

interface Connected {
  readonly producer: Producer
  readonly partitions: number
}

/**
 * Writes events to the topic: one request at a time, acks=all, idempotent.
 *
 * One at a time, retries included, because kafkajs reuses a sequence number when a response is lost, and the
 * broker then drops the next request as a duplicate. For the same reason the producer is replaced after a
 * request has finally failed: the next request gets a new producer id. Records may then be in the topic
 * twice; readers detect that by lane and seq.
 */
export class Publisher {
  readonly #kafka: Kafka
  readonly #topic: string
  readonly #topicSettings: TopicSettings
  readonly #tracing: Tracing | undefined
  #writer = new RecordWriter()
  #connected: Connected | undefined
  #last: Promise<void> = Promise.resolve()

  constructor(kafka: Kafka, topic: string, topicSettings: TopicSettings, tracing?: Tracing) {
    this.#kafka = kafka
    this.#topic = topic
    this.#topicSettings = topicSettings
    this.#tracing = tracing
  }

  /** Resolves when all in-sync replicas have the events. Calls wait for earlier ones. */
  publish(runs: readonly EventRun[]): Promise<void> {
    const published = this.#last.then(() => this.#send(runs))
    this.#last = published.catch(() => undefined)
    return published
  }

  async #send(runs: readonly EventRun[]): Promise<void> {
    this.#connected ??= await this.#connect()
    const { producer, partitions } = this.#connected
    this.#writer.begin() // nothing else is in flight: kafkajs no longer needs what was written before
    const sets = new Map(
      [...Map.groupBy(runs, run => partitionOfLane(run.lane, partitions))].map(([partition, ofPartition]) => [
        partition,
        this.#writer.write(ofPartition),
      ]),
    )
    const trace = SendTrace.begin(this.#tracing, runs, { topic: this.#topic, partitions })
    try {
      await producer.sendBatch({
        acks: ACKS_ALL,
        timeout: BROKER_TIMEOUT_MS,
        topicMessages: [{ topic: this.#topic, messages: packedMessages(sets) }],
      })
      trace?.sent()
    } catch (error) {
      trace?.failed(error)
      // With several brokers, kafkajs may still have to encode requests that wait for one of them: they keep their bytes.
      this.#writer = new RecordWriter()
      await this.stop()
      throw error
    }
  }

  async stop(): Promise<void> {
    const connected = this.#connected
    this.#connected = undefined
    await connected?.producer.disconnect().catch(() => undefined)
  }

  async #connect(): Promise<Connected> {
    const partitions = await ensureTopic(this.#kafka, this.#topic, this.#topicSettings)
    const producer = this.#kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner, // never called: the messages are already grouped by partition
      retry: { initialRetryTime: 50, maxRetryTime: 1_000, retries: 4 }, // kafkajs' "unlimited" for idempotence never applies
    })
    try {
      await producer.connect()
    } catch (error) {
      await producer.disconnect().catch(() => undefined)
      throw error
    }
    return { producer, partitions }
  }
}
