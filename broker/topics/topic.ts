import type { PartitionLog } from '../log/partition-log.ts'

export interface Topic {
  readonly name: string
  /** 16 bytes, the topic's for ever: one of the same name that comes later has another. */
  readonly id: Buffer
  readonly partitions: readonly PartitionLog[]
  /** What was set for this topic alone, by Kafka's names. */
  readonly configs: ReadonlyMap<string, string>
}
