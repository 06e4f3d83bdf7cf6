import type { Consumer, EachBatchPayload } from 'kafkajs'
import { wait } from '../runtime/wait.ts'
import { ensureTopic, existingTopic } from './kafka.ts'
import { PartitionOffsets } from './offsets.ts'
import { packFetches } from './packed-fetch.ts'
import { findStarts, type FoundStarts } from './partition-starts.ts'
import type { BatchControl, RecordConsumerOptions } from './record-consumer-options.ts'

/** Only the loop that fetches sends heartbeats: one fetch and its batches take far less than the session. */
const SESSION_TIMEOUT_MS = 10_000
const HEARTBEAT_INTERVAL_MS = 1_000
const MAX_WAIT_MS = 250
/** Of one fetch: some thousand records. With kafkajs' own 1 MiB memory grows by 40 MB, and nothing is faster. */
const MAX_PARTITION_BYTES = 256 * 1024

/** The partitions between one join of the group and the next. */
interface Assigned {
  readonly topics: ReadonlyMap<string, ReadonlyMap<number, PartitionOffsets>>
  readonly starts: Promise<FoundStarts> | undefined
}

/** One life of a kafkajs consumer, until it fails or is stopped. */
export class ConsumerLife {
  readonly #options: RecordConsumerOptions
  readonly #stopping: AbortSignal
  readonly #onJoined: () => void
  readonly #over = new AbortController()
  readonly #failed = Promise.withResolvers<never>()
  #partitionCounts: ReadonlyMap<string, number> = new Map()
  #assigned: Assigned = { topics: new Map(), starts: undefined }
  #consumer: Consumer | undefined

  constructor(options: RecordConsumerOptions, stopping: AbortSignal, onJoined: () => void) {
    this.#options = options
    this.#stopping = stopping
    this.#onJoined = onJoined
    this.#failed.promise.catch(() => undefined)
  }

  /** Resolves after a stop; rejects when anything fails. The consumer has left its group then. */
  async run(): Promise<void> {
    const { topics, fromBeginning } = this.#options
    this.#partitionCounts = await this.#countPartitions()
    packFetches()
    const consumer = this.#createConsumer()
    this.#consumer = consumer
    try {
      await consumer.connect()
      await consumer.subscribe({ topics: [...topics], fromBeginning })
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: this.#partitionCounts.values().reduce((sum, count) => sum + count, 0),
        eachBatch: payload => this.#takeBatch(payload),
      })
      await Promise.race([this.#failed.promise, this.#commitUntilStopped()])
    } finally {
      this.#over.abort()
      await consumer.disconnect().catch(() => undefined)
    }
  }

  async #countPartitions(): Promise<ReadonlyMap<string, number>> {
    const { kafka, topics, ensure } = this.#options
    const counts = new Map<string, number>()
    for (const topic of topics) counts.set(topic, await (ensure ? ensureTopic(kafka, topic, ensure) : existingTopic(kafka, topic)))
    return counts
  }

  #createConsumer(): Consumer {
    const { kafka, groupId, sessionTimeoutMs, maxWaitMs, maxPartitionBytes, onAnswered } = this.#options
    const consumer = kafka.consumer({
      groupId,
      sessionTimeout: sessionTimeoutMs ?? SESSION_TIMEOUT_MS,
      heartbeatInterval: HEARTBEAT_INTERVAL_MS,
      maxWaitTimeInMs: maxWaitMs ?? MAX_WAIT_MS,
      maxBytesPerPartition: maxPartitionBytes ?? MAX_PARTITION_BYTES,
      allowAutoTopicCreation: false,
      retry: { retries: 4, restartOnFailure: async () => false },
    })
    // Every crash ends this life: after some, kafkajs would go on without a log line, and after others never go on.
    consumer.on(consumer.events.CRASH, ({ payload }) => this.#failed.reject(payload.error))
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      this.#onJoined()
      this.#joined(payload.memberAssignment)
    })
    if (onAnswered) for (const event of [consumer.events.FETCH, consumer.events.HEARTBEAT] as const) consumer.on(event, onAnswered)
    return consumer
  }

  #joined(assignment: Readonly<Record<string, number[]>>): void {
    const { kafka, groupId, topics, onAssigned, log } = this.#options
    const assigned = topics.map(topic => ({
      topic,
      partitions: assignment[topic] ?? [],
      partitionCount: this.#partitionCounts.get(topic) ?? 0,
    }))
    const shown = assigned.length === 1 ? assigned[0]!.partitions : Object.fromEntries(assigned.map(each => [each.topic, each.partitions]))
    log.info({ partitions: shown }, 'consumer: reading these partitions')
    onAssigned?.(assigned)
    // A partition that was lost and assigned again is read again from what is committed.
    const offsets = assigned.map(
      ({ topic, partitions }) => [topic, new Map(partitions.map(partition => [partition, new PartitionOffsets()]))] as const,
    )
    const held = assigned.filter(({ partitions }) => partitions.length > 0).map(({ topic }) => topic)
    const starts = this.#options.findStarts ? findStarts(kafka, groupId, held) : undefined
    const current: Assigned = { topics: new Map(offsets), starts }
    this.#assigned = current
    starts?.then(found => this.#beginAt(current, found), this.#failed.reject)
  }

  /** The partitions of which the group has committed nothing begin where they are now, even if this life ends before their first record. */
  #beginAt(assigned: Assigned, starts: FoundStarts): void {
    if (this.#assigned !== assigned || this.#over.signal.aborted) return
    for (const [topic, partitions] of assigned.topics) {
      for (const [partition, offsets] of partitions) {
        const start = starts.get(topic)?.get(partition)
        if (!start || start.wasCommitted) continue
        const offset = this.#options.fromBeginning ? start.first : start.end
        offsets.startAt(offset)
        this.#consumer?.seek({ topic, partition, offset: String(offset) })
      }
    }
    this.#options.onPositioned?.()
  }

  async #takeBatch(payload: EachBatchPayload): Promise<void> {
    const { topic, partition, messages } = payload.batch
    const { topics, starts } = this.#assigned
    const offsets = topics.get(topic)?.get(partition)
    if (!offsets) return // not ours any more
    const control = this.#control(payload, offsets)
    const start = (await starts)?.get(topic)?.get(partition)
    // So that the next member knows that records may have been handed over.
    if (start && !start.wasCommitted && !offsets.hasCommitted) await this.#commit()
    if (!control.isOver) await this.#options.onBatch({ topic, partition, messages, offsets, start }, control)
    if (!control.isOver) control.taken(Number(messages[messages.length - 1]!.offset))
    else if (this.#stopping.aborted) return this.#waitUntilOver(payload.heartbeat)
    await payload.heartbeat() // throws when the group rebalances: kafkajs then joins again
  }

  /** At a stop, kafkajs would fetch the records that were not taken again and again. */
  async #waitUntilOver(heartbeat: () => Promise<void>): Promise<void> {
    while (!this.#over.signal.aborted) {
      await heartbeat()
      await wait(HEARTBEAT_INTERVAL_MS, this.#over.signal)
    }
  }

  #control({ batch, resolveOffset, heartbeat, isRunning, isStale }: EachBatchPayload, offsets: PartitionOffsets): BatchControl {
    const [stopping, over] = [this.#stopping, this.#over.signal]
    return {
      get isOver() {
        return stopping.aborted || over.aborted || !isRunning() || isStale()
      },
      taken: offset => resolveOffset(String(offset)),
      heartbeat,
      waitFor: async event => {
        const done = new AbortController()
        const end = (): void => done.abort()
        event.then(end, end)
        const signal = AbortSignal.any([done.signal, stopping, over])
        while (!signal.aborted && isRunning()) {
          await heartbeat()
          await wait(HEARTBEAT_INTERVAL_MS, signal)
        }
      },
      startAgain: reason => {
        if (!stopping.aborted && this.#assigned.topics.get(batch.topic)?.get(batch.partition) === offsets) this.#failed.reject(reason)
      },
    }
  }

  async #commitUntilStopped(): Promise<void> {
    const { commitIntervalMs, onStopping } = this.#options
    const signal = AbortSignal.any([this.#over.signal, this.#stopping])
    while (!signal.aborted) {
      await wait(commitIntervalMs, signal)
      if (!signal.aborted) await this.#commitDone()
    }
    if (this.#over.signal.aborted) return
    await onStopping?.()
    await this.#commitDone()
  }

  /** Commits what is done. After an error, the partition may be another member's. */
  async #commitDone(): Promise<void> {
    const { log } = this.#options
    try {
      await this.#commit()
    } catch (err) {
      log.info({ err }, 'consumer: the offsets were not committed; the records read since the last commit will be read again')
    }
  }

  async #commit(): Promise<void> {
    const due = [...this.#assigned.topics].flatMap(([topic, partitions]) =>
      [...partitions].flatMap(([partition, offsets]) => {
        const offset = offsets.toCommit()
        return offset === undefined ? [] : [{ topic, partition, offset, offsets }]
      }),
    )
    if (due.length === 0 || !this.#consumer) return
    await this.#consumer.commitOffsets(due.map(({ topic, partition, offset }) => ({ topic, partition, offset: String(offset) })))
    for (const { offset, offsets } of due) offsets.committed(offset)
  }
}
