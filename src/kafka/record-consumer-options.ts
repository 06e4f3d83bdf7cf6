import type { Kafka, KafkaMessage } from 'kafkajs'
import type { Logger } from '../runtime/logger.ts'
import type { PartitionOffsets } from './offsets.ts'
import type { PackedRecords } from './packed-records.ts'
import type { TopicSettings } from './settings.ts'

export interface RecordConsumerOptions {
  readonly kafka: Kafka
  readonly topics: readonly string[]
  readonly groupId: string
  /** How to create a topic that is missing. Absent: every topic must exist; until it does, the consumer starts again and again. */
  readonly ensure?: TopicSettings
  /** Where to read a partition for which the group has committed nothing: from its first record, or only what comes from now on. */
  readonly fromBeginning: boolean
  /** True: each batch has the `start` of its partition, and the group's first commit of a partition comes before its first batch. */
  readonly findStarts?: boolean
  /** How long the broker waits for records before it answers a fetch. Default 250 ms. It answers at once when there are records. */
  readonly maxWaitMs?: number
  /** Maximum size of a partition's records in one fetch. Default 256 KiB. */
  readonly maxPartitionBytes?: number
  /** A consumer that is silent for this long loses its partitions. Default 10 s. */
  readonly sessionTimeoutMs?: number
  readonly commitIntervalMs: number
  /** Reading starts when it resolves. Default: at once. */
  readonly ready?: Promise<void>
  readonly log: Logger
  /**
   * Takes the records of one fetch and one partition. It may resolve before they are done, so that fetching goes on: it opens each
   * in `batch.offsets`, and marks it when it is done. If it rejects, the batch is read again after the last record that was `taken`.
   * Batches of different partitions are taken at the same time.
   */
  readonly onBatch: (batch: RecordBatch, control: BatchControl) => Promise<void> | void
  /** The group gave these partitions to this consumer: all that it has now. */
  readonly onAssigned?: (topics: readonly AssignedTopic[]) => void
  /** Only with `findStarts`: all partitions have their start. Whatever is written into them from now on is read. */
  readonly onPositioned?: () => void
  /** A broker answered a fetch or a heartbeat. */
  readonly onAnswered?: () => void
  /** The consumer is in no group any more. */
  readonly onReleased?: () => void
  /** Called at a stop, when no more batches are handed over and before the last commit: for records that are still open. */
  readonly onStopping?: () => Promise<void>
  /** A kafkajs consumer failed, and another one will start. For metrics: the log has it already. */
  readonly onFailed?: () => void
}

export interface AssignedTopic {
  readonly topic: string
  readonly partitions: readonly number[]
  /** How many partitions the topic had when the consumer started. */
  readonly partitionCount: number
}

/** Records of one partition, in the order of their offsets. */
export interface RecordBatch {
  readonly topic: string
  readonly partition: number
  readonly messages: readonly KafkaMessage[] | PackedRecords
  /** Which of the partition's records are done. Belongs to one assignment: the next one starts with new offsets. */
  readonly offsets: PartitionOffsets
  /** Undefined without `findStarts`. */
  readonly start: PartitionStart | undefined
}

/** A partition as it was when the group assigned it, before any of its records was handed over. */
export interface PartitionStart {
  /** The offset that the next record got: records below were there before. */
  readonly end: number
  /** True if the group had committed an offset: a member before may have done records that are read again now. */
  readonly wasCommitted: boolean
}

/** What a handler of batches may ask of its consumer. */
export interface BatchControl {
  /** True when no more records may be taken: the consumer stops, or the partition is no longer its own. */
  readonly isOver: boolean
  /** Records up to this offset are taken. Needed only within a batch: when the handler resolves, all are. */
  taken(offset: number): void
  /** Sends a heartbeat if one is due. Rejects when the group rebalances: let the error pass, and the consumer joins again. */
  heartbeat(): Promise<void>
  /**
   * Resolves when `event` resolves, or when the consumer stops. Meanwhile this and the other partitions of the broker wait, and the
   * consumer stays in its group. Rejects when the group rebalances, like `heartbeat`.
   */
  waitFor(event: Promise<unknown>): Promise<void>
  /**
   * For records that cannot become done. If the partition still belongs to this consumer as it did with this batch, the consumer joins its
   * group again, and reads from what is committed.
   */
  startAgain(reason: Error): void
}
