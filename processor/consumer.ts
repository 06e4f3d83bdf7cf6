import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs'
import { fetchedRecords } from '../src/events/fetched-records.ts'
import { ensureTopic } from '../src/kafka/kafka.ts'
import { packFetches } from '../src/kafka/packed-fetch.ts'
import type { TopicSettings } from '../src/kafka/settings.ts'
import type { Logger } from '../src/runtime/logger.ts'
import { Backoff } from '../src/runtime/retry.ts'
import { wait } from '../src/runtime/wait.ts'
import type { Assignment } from './assignment.ts'
import type { DeadLetters } from './dead-letters.ts'
import { pauseAfter } from './fetch-pause.ts'
import type { Flusher } from './flusher.ts'
import type { Lanes } from './lanes.ts'
import type { ProcessorMetrics } from './metrics.ts'
import { PartitionOffsets } from './offsets.ts'
import { RecordIntake } from './record-intake.ts'

export interface PingConsumerOptions {
  readonly kafka: Kafka
  readonly topic: string
  readonly groupId: string
  readonly topicSettings: TopicSettings
  readonly assignment: Assignment
  readonly lanes: Pick<Lanes, 'size'>
  readonly flusher: Flusher
  readonly deadLetters: DeadLetters
  readonly log: Logger
  readonly metrics: ProcessorMetrics
  /** At this number of records that are not done, no more are taken until the cache or Postgres is reachable again. */
  readonly maxOpenRecords: number
  readonly commitIntervalMs: number
  /** Reading starts when it resolves: before, the lanes are unknown. */
  readonly ready: Promise<void>
}

/** The calls to kafkajs for each stride cost as much as taking a record. */
const RECORDS_PER_STRIDE = 100
const FLUSH_AGAIN_AFTER_MS = 500
/** Only the loop that fetches sends heartbeats: one fetch and its batches take far less than the session. */
const SESSION_TIMEOUT_MS = 10_000
const HEARTBEAT_INTERVAL_MS = 1_000
const MAX_WAIT_MS = 250
/** Of one fetch: some thousand events. With kafkajs' own 1 MiB memory grows by 40 MB, and nothing is faster. */
const MAX_PARTITION_BYTES = 256 * 1024

/** Reads the topic into the flusher, and commits what the cache has applied. Starts again after every failure. */
export class PingConsumer {
  readonly #options: PingConsumerOptions
  readonly #intake: RecordIntake
  readonly #stopping = new AbortController()
  #offsets = new Map<number, PartitionOffsets>()
  #partitions = 0
  #consumer: Consumer | undefined
  #running: Promise<void> = Promise.resolve()

  constructor(options: PingConsumerOptions) {
    this.#options = options
    this.#intake = new RecordIntake(options)
  }

  start(): void {
    this.#running = this.#runUntilStopped()
  }

  /** Leaves the group, so that other processors take over at once. Call it after a last flush: it commits once more. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  async #runUntilStopped(): Promise<void> {
    const { log } = this.#options
    const { signal } = this.#stopping
    const pause = new Backoff(200, 5_000)
    await Promise.race([this.#options.ready, new Promise(resolve => signal.addEventListener('abort', resolve))])
    while (!signal.aborted) {
      try {
        await this.#runOnce(() => pause.reset())
      } catch (err) {
        if (!signal.aborted) log.warn({ err }, 'consumer: failed, starting again')
      }
      this.#options.assignment.release()
      await wait(pause.next(), signal)
    }
  }

  /** One life of a kafkajs consumer, until it crashes or is stopped. */
  async #runOnce(onJoined: () => void): Promise<void> {
    const { kafka, topic, groupId, topicSettings } = this.#options
    this.#partitions = await ensureTopic(kafka, topic, topicSettings)
    packFetches()
    const consumer = kafka.consumer({
      groupId,
      sessionTimeout: SESSION_TIMEOUT_MS,
      heartbeatInterval: HEARTBEAT_INTERVAL_MS,
      maxWaitTimeInMs: MAX_WAIT_MS,
      maxBytesPerPartition: MAX_PARTITION_BYTES,
      allowAutoTopicCreation: false,
      retry: { retries: 4, restartOnFailure: async () => false },
    })
    const crashed = new Promise<never>((_, reject) => {
      // Every crash ends this life: after some, kafkajs would go on without a log line, and after others never go on.
      consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error))
    })
    crashed.catch(() => undefined)
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      onJoined()
      this.#joined(payload.memberAssignment[topic] ?? [])
    })
    this.#consumer = consumer
    const over = new AbortController()
    try {
      await consumer.connect()
      await consumer.subscribe({ topic, fromBeginning: true })
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: this.#partitions,
        eachBatch: payload => this.#takeBatch(payload),
      })
      await Promise.race([crashed, this.#commitUntil(AbortSignal.any([over.signal, this.#stopping.signal]))])
    } finally {
      over.abort()
      this.#consumer = undefined
      await consumer.disconnect().catch(() => undefined)
    }
  }

  #joined(partitions: readonly number[]): void {
    this.#options.log.info({ partitions }, 'consumer: reading these partitions')
    this.#options.assignment.assign(partitions, this.#partitions)
    // A partition that was lost and assigned again is read again from what is committed.
    this.#offsets = new Map(partitions.map(partition => [partition, new PartitionOffsets()]))
  }

  async #takeBatch({ batch, resolveOffset, heartbeat, isRunning, isStale }: EachBatchPayload): Promise<void> {
    const { flusher } = this.#options
    const offsets = this.#offsets.get(batch.partition)
    if (!offsets) return // not ours any more
    const records = fetchedRecords(batch.messages)
    for (let first = 0; first < records.length; first += RECORDS_PER_STRIDE) {
      if (!isRunning() || isStale() || this.#stopping.signal.aborted) return
      const end = Math.min(first + RECORDS_PER_STRIDE, records.length)
      for (let index = first; index < end; index++) {
        const slow = this.#intake.take(batch.partition, records, index, offsets)
        if (slow) {
          await slow
          await heartbeat()
        }
        if (flusher.isFull) {
          await flusher.flush()
          if (this.#stopping.signal.aborted) return
          await heartbeat()
        }
      }
      resolveOffset(String(records.offsetAt(end - 1)))
      await this.#waitForRoom(heartbeat)
    }
    await heartbeat() // throws when the group rebalances: kafkajs then joins again
    const pauseMs = pauseAfter(records.length, flusher.untilFlushMs)
    if (pauseMs > 0) await wait(pauseMs, this.#stopping.signal)
  }

  /** While the cache is unreachable no more records are taken, but the consumer stays in its group. */
  async #waitForRoom(heartbeat: () => Promise<void>): Promise<void> {
    const { flusher, lanes, maxOpenRecords } = this.#options
    if (lanes.size() < maxOpenRecords) return
    await flusher.flush()
    while (lanes.size() >= maxOpenRecords && !this.#stopping.signal.aborted) {
      await heartbeat()
      await wait(FLUSH_AGAIN_AFTER_MS, this.#stopping.signal)
      await flusher.flush()
    }
  }

  async #commitUntil(over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      await wait(this.#options.commitIntervalMs, over)
      await this.#commit()
    }
  }

  /** Commits up to what the cache has applied. After an error, the partition may be another processor's. */
  async #commit(): Promise<void> {
    const { topic, log } = this.#options
    const offsets = this.#offsets
    const consumer = this.#consumer
    if (!consumer) return
    const due = [...offsets].flatMap(([partition, each]) => {
      const offset = each.toCommit()
      return offset === undefined ? [] : [{ partition, offset }]
    })
    if (due.length === 0) return
    try {
      await consumer.commitOffsets(due.map(({ partition, offset }) => ({ topic, partition, offset: String(offset) })))
      for (const { partition, offset } of due) offsets.get(partition)?.committed(offset)
    } catch (err) {
      log.info(
        { err },
        'consumer: the offsets were not committed; the records read since the last commit will be read again, and dropped as duplicates',
      )
    }
  }
}
