import type { OffsetStore } from '../offsets/offset-store.ts'

/** The durable positions of groups. */
export interface Positions {
  /** The offset of the first message that the group has not finished; undefined if it has finished none. */
  read(group: string, topic: string, partition: number): bigint | undefined
  /** Durable when it returns. Throws `ProtocolError`. */
  write(group: string, topic: string, partition: number, offset: bigint): void
  /** Whether Kafka clients are members of the group now: then its positions belong to them. */
  hasMembers(group: string): boolean
}

/** The same positions that Kafka clients commit and fetch. */
export function positionsIn(store: Pick<OffsetStore, 'fetch' | 'commit'>, hasMembers: (group: string) => boolean): Positions {
  return {
    read: (group, topic, partition) => store.fetch(group, topic, partition)?.offset,
    write: (group, topic, partition, offset) => store.commit(group, [{ topic, partition, offset }]),
    hasMembers,
  }
}
