import { Partitioners, type Kafka, type Producer, type RecordMetadata } from 'kafkajs'
import { encodeRecords, sizeOfRecord } from './encode-records.ts'
import { packedMessages } from './packed-messages.ts'
import { PartitionChoice, type OutgoingRecord } from './partition-choice.ts'

/** `all`: all in-sync replicas have the record; 1: its leader has it; 0: it is sent, and no broker reports whether it arrived. */
export type Acks = 'all' | 1 | 0

export interface GatheringProducerOptions {
  readonly kafka: Kafka
  /** Default `all`. Only with `all` is the producer idempotent: a request that is sent again writes nothing twice. */
  readonly acks?: Acks
  /** Beyond this number of records that are not acknowledged, `send` rejects with `QueueFullError`. Default 10 000. */
  readonly maxQueued?: number
  /** How often kafkajs sends a request again before the callers get the error. Default 4. */
  readonly retries?: number
}

/** Where a record is now. With acks=0 no broker says the offset: -1. Offsets stay far below 2^53. */
export interface WrittenRecord {
  readonly partition: number
  readonly offset: number
}

/** The producer has as many records as it takes. Nothing of the record was sent. */
export class QueueFullError extends Error {
  override readonly name = 'QueueFullError'
}

interface Waiting {
  readonly record: OutgoingRecord
  readonly size: number
  readonly resolve: (written: WrittenRecord) => void
  readonly reject: (error: unknown) => void
}

interface Placed extends Waiting {
  readonly partition: number
}

const ACKS_ALL = -1
const BROKER_TIMEOUT_MS = 5_000
const MAX_QUEUED = 10_000
const RETRIES = 4
/** Of one request: a topic takes a megabyte a partition by default. A larger record goes alone. */
const MAX_REQUEST_BYTES = 512 * 1024

/**
 * Writes records: each at once if no request is in flight; else those that come meanwhile go together in the next one.
 *
 * One request at a time, retries included, because kafkajs reuses a sequence number when a response is lost, and the broker then drops
 * the next request as a duplicate. For the same reason the producer is replaced after a request has finally failed: the next request
 * gets a new producer id. A record whose caller got an error may be in the topic.
 */
export class GatheringProducer {
  readonly #options: GatheringProducerOptions
  readonly #choice: PartitionChoice
  #waiting: Waiting[] = []
  #inFlight = 0
  #producer: Promise<Producer> | undefined
  #sending: Promise<void> | undefined
  #isStopped = false

  constructor(options: GatheringProducerOptions) {
    this.#options = options
    this.#choice = new PartitionChoice(options.kafka)
  }

  /** How many records are not acknowledged. */
  get queued(): number {
    return this.#waiting.length + this.#inFlight
  }

  /** Resolves when the record is acknowledged. Rejects after a final failure: then it may or may not be in the topic. */
  send(record: OutgoingRecord): Promise<WrittenRecord> {
    const { maxQueued = MAX_QUEUED } = this.#options
    if (this.#isStopped) return Promise.reject(new Error('the producer is stopped'))
    if (this.queued >= maxQueued) return Promise.reject(new QueueFullError(`${this.queued} records are not acknowledged`))
    const { promise, resolve, reject } = Promise.withResolvers<WrittenRecord>()
    this.#waiting.push({ record, size: sizeOfRecord(record), resolve, reject })
    this.#sending ??= this.#sendWaiting()
    return promise
  }

  /** Connects before the first record, so that it does not wait for that. Rejects if no broker answers. */
  async connect(...topics: readonly string[]): Promise<void> {
    await this.#connected()
    for (const topic of topics) await this.#choice.learn(topic)
  }

  /** Sends what is queued, and ends the connections. */
  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#sending
    await this.#disconnect()
  }

  async #sendWaiting(): Promise<void> {
    await Promise.resolve() // those that the same turn of the event loop sends go together
    while (this.#waiting.length > 0) {
      const taken = this.#take()
      this.#inFlight = taken.length
      await this.#sendOnce(taken)
      this.#inFlight = 0
    }
    this.#sending = undefined
  }

  /** The first records, as many as go into one request. */
  #take(): readonly Waiting[] {
    let [count, bytes] = [0, 0]
    for (const { size } of this.#waiting) {
      bytes += size
      if (count > 0 && bytes > MAX_REQUEST_BYTES) break
      count++
    }
    return this.#waiting.splice(0, count)
  }

  /** Settles all of them. */
  async #sendOnce(taken: readonly Waiting[]): Promise<void> {
    const placed = await this.#place(taken)
    if (placed.length === 0) return
    const byTopic = Map.groupBy(placed, ({ record }) => record.topic)
    const groups = new Map([...byTopic].map(([topic, ofTopic]) => [topic, Map.groupBy(ofTopic, ({ partition }) => partition)]))
    try {
      settle(groups, await this.#sendGroups(groups))
    } catch (error) {
      for (const topic of groups.keys()) this.#choice.forget(topic)
      for (const { reject } of placed) reject(error)
      void this.#disconnect()
    }
  }

  /** Chooses the partitions; rejects what has none. */
  async #place(taken: readonly Waiting[]): Promise<readonly Placed[]> {
    const failed = new Map<string, unknown>()
    const topics = new Set(taken.map(({ record }) => record.topic))
    for (const topic of topics) await this.#choice.learn(topic).catch((error: unknown) => failed.set(topic, error))
    const placed: Placed[] = []
    const again = new Set<string>()
    for (const waiting of taken) {
      const { topic } = waiting.record
      try {
        if (failed.has(topic)) throw failed.get(topic)
        placed.push({ ...waiting, partition: this.#choice.choose(waiting.record) })
      } catch (error) {
        again.add(topic) // it may have more partitions by then
        waiting.reject(error)
      }
    }
    for (const topic of again) this.#choice.forget(topic)
    return placed
  }

  async #sendGroups(groups: Groups): Promise<readonly RecordMetadata[]> {
    const { acks = 'all' } = this.#options
    const producer = await this.#connected()
    return producer.sendBatch({
      acks: acks === 'all' ? ACKS_ALL : acks,
      timeout: BROKER_TIMEOUT_MS,
      topicMessages: [...groups].map(([topic, partitions]) => ({
        topic,
        messages: packedMessages(
          new Map([...partitions].map(([partition, records]) => [partition, encodeRecords(records.map(({ record }) => record))])),
        ),
      })),
    })
  }

  #connected(): Promise<Producer> {
    this.#producer ??= this.#connect()
    return this.#producer
  }

  async #connect(): Promise<Producer> {
    const { kafka, acks = 'all', retries = RETRIES } = this.#options
    const producer = kafka.producer({
      idempotent: acks === 'all',
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner, // never called: the records are already grouped by partition
      retry: { initialRetryTime: 50, maxRetryTime: 1_000, retries },
    })
    try {
      await producer.connect()
    } catch (error) {
      this.#producer = undefined
      await producer.disconnect().catch(() => undefined)
      throw error
    }
    return producer
  }

  async #disconnect(): Promise<void> {
    const producer = this.#producer
    this.#producer = undefined
    await producer?.then(each => each.disconnect()).catch(() => undefined)
  }
}

/** Records of one request, by topic and partition, in the order in which they were sent. */
type Groups = ReadonlyMap<string, ReadonlyMap<number, readonly Placed[]>>

/** Answers with each record's own offset: a response has that of the first record of each partition. */
function settle(groups: Groups, response: readonly RecordMetadata[]): void {
  const first = new Map(response.map(({ topicName, partition, baseOffset }) => [`${topicName}/${partition}`, Number(baseOffset)]))
  for (const [topic, partitions] of groups) {
    for (const [partition, records] of partitions) {
      const base = first.get(`${topic}/${partition}`)
      records.forEach(({ resolve }, index) => resolve({ partition, offset: base === undefined ? -1 : base + index }))
    }
  }
}
