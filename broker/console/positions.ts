import type { OffsetStore } from '../offsets/offset-store.ts'

/** Where groups are, kept for ever. */
export interface Positions {
  /** The offset of the first message that the group has not done; undefined when it has none done. */
  read(group: string, topic: string, partition: number): bigint | undefined
  /** Durable when it returns. Throws `ProtocolError`. */
  write(group: string, topic: string, partition: number, offset: bigint): void
  /** Whether Kafka clients are members of the group now: then its positions are theirs. */
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
