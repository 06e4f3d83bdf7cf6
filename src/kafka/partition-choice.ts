import { Partitioners, type Kafka, type PartitionMetadata } from 'kafkajs'
import type { RecordContent } from './encode-records.ts'
import { existingTopic } from './kafka.ts'

/** A record and where it goes. */
export interface OutgoingRecord extends RecordContent {
  readonly topic: string
  /** Absent: by the key, as Java's clients choose it; without a key the partitions take turns. */
  readonly partition?: number
}

/** A topic can get more partitions while a program runs. */
const MAX_AGE_MS = 5 * 60_000

interface Known {
  readonly partitions: PartitionMetadata[]
  readonly untilMs: number
}

/** Chooses the partitions of records, and remembers for that how many each topic has. */
export class PartitionChoice {
  readonly #kafka: Kafka
  readonly #choose = Partitioners.DefaultPartitioner()
  readonly #known = new Map<string, Known>()

  constructor(kafka: Kafka) {
    this.#kafka = kafka
  }

  /** Asks the brokers for the topic's partitions, unless they are known. Rejects if the topic does not exist. */
  async learn(topic: string): Promise<void> {
    if ((this.#known.get(topic)?.untilMs ?? -Infinity) > performance.now()) return
    const count = await existingTopic(this.#kafka, topic)
    const partitions = Array.from({ length: count }, (_, partitionId) => ({ partitionId, leader: 0 }) as PartitionMetadata)
    this.#known.set(topic, { partitions, untilMs: performance.now() + MAX_AGE_MS })
  }

  /** Makes `learn` ask again. */
  forget(topic: string): void {
    this.#known.delete(topic)
  }

  /** The record's partition. Throws if the topic does not have it; kafkajs would drop such a record silently. */
  choose({ topic, partition, key }: OutgoingRecord): number {
    const { partitions } = this.#known.get(topic)!
    if (partition === undefined) {
      return this.#choose({ topic, partitionMetadata: partitions, message: { key: key ?? null, value: null } })
    }
    if (partition < partitions.length) return partition
    throw new Error(`the partition of a record for ${topic}: got ${partition}, expected less than ${partitions.length}`)
  }
}
