import type { Kafka } from 'kafkajs'
import { fetchedRecords } from '../src/events/fetched-records.ts'
import type { DeadLetters } from '../src/kafka/dead-letters.ts'
import type { BatchControl, RecordBatch } from '../src/kafka/record-consumer-options.ts'
import { RecordConsumer } from '../src/kafka/record-consumer.ts'
import type { TopicSettings } from '../src/kafka/settings.ts'
import type { Logger } from '../src/runtime/logger.ts'
import { wait } from '../src/runtime/wait.ts'
import type { Tracing } from '../src/tracing/tracing.ts'
import type { Assignment } from './assignment.ts'
import { pauseAfter } from './fetch-pause.ts'
import type { Flusher } from './flusher.ts'
import type { Lanes } from './lanes.ts'
import type { ProcessorMetrics } from './metrics.ts'
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
  readonly tracing?: Tracing | undefined
  /** At this number of records that are not done, no more are taken until the cache or Postgres is reachable again. */
  readonly maxOpenRecords: number
  readonly commitIntervalMs: number
  /** Reading starts when it resolves: before, the lanes are unknown. */
  readonly ready: Promise<void>
}

/** The calls to kafkajs for each stride cost as much as taking a record. */
const RECORDS_PER_STRIDE = 100
const FLUSH_AGAIN_AFTER_MS = 500

/** Reads the topic into the flusher, and commits what the cache has applied. */
export class PingConsumer {
  readonly #options: PingConsumerOptions
  readonly #intake: RecordIntake
  readonly #consumer: RecordConsumer
  readonly #stopping = new AbortController()

  constructor(options: PingConsumerOptions) {
    const { kafka, topic, groupId, topicSettings, log, commitIntervalMs, ready, assignment } = options
    this.#options = options
    this.#intake = new RecordIntake(options)
    this.#consumer = new RecordConsumer({
      kafka,
      topics: [topic],
      groupId,
      ensure: topicSettings,
      fromBeginning: true,
      commitIntervalMs,
      ready,
      log,
      onBatch: (batch, control) => this.#takeBatch(batch, control),
      onAssigned: ([assigned]) => assigned && assignment.assign(assigned.partitions, assigned.partitionCount),
      onReleased: () => assignment.release(),
    })
  }

  start(): void {
    this.#consumer.start()
  }

  /** Leaves the group, so that other processors take over at once. Call it after a last flush: it commits once more. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#consumer.stop()
  }

  async #takeBatch({ partition, messages, offsets }: RecordBatch, control: BatchControl): Promise<void> {
    const { flusher } = this.#options
    const records = fetchedRecords(messages)
    for (let first = 0; first < records.length; first += RECORDS_PER_STRIDE) {
      if (control.isOver) return
      const end = Math.min(first + RECORDS_PER_STRIDE, records.length)
      for (let index = first; index < end; index++) {
        const slow = this.#intake.take(partition, records, index, offsets)
        if (slow) {
          await slow
          await control.heartbeat()
        }
        if (flusher.isFull) {
          await flusher.flush()
          if (this.#stopping.signal.aborted) return
          await control.heartbeat()
        }
      }
      control.taken(records.offsetAt(end - 1))
      await this.#waitForRoom(control)
    }
    await control.heartbeat()
    const pauseMs = pauseAfter(records.length, flusher.untilFlushMs)
    if (pauseMs > 0) await wait(pauseMs, this.#stopping.signal)
  }

  /** While the cache is unreachable no more records are taken, but the consumer stays in its group. */
  async #waitForRoom(control: BatchControl): Promise<void> {
    const { flusher, lanes, maxOpenRecords } = this.#options
    if (lanes.size() < maxOpenRecords) return
    await flusher.flush()
    while (lanes.size() >= maxOpenRecords && !this.#stopping.signal.aborted) {
      await control.heartbeat()
      await wait(FLUSH_AGAIN_AFTER_MS, this.#stopping.signal)
      await flusher.flush()
    }
  }
}
