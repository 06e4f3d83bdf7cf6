import type { PartitionLog } from '../log/partition-log.ts'

export interface Topic {
  readonly name: string
  /** 16 bytes that never change. A later topic of the same name has another id. */
  readonly id: Buffer
  readonly partitions: readonly PartitionLog[]
  /** The settings of this topic only, by Kafka's names. */
  readonly configs: ReadonlyMap<string, string>
}
