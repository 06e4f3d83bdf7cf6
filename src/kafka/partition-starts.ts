import type { Kafka } from 'kafkajs'
import type { PartitionStart } from './record-consumer-options.ts'

/** A start, and where the group has to begin if it has committed nothing. */
export interface FoundStart extends PartitionStart {
  /** The offset of the first record that the topic still has. */
  readonly first: number
}

/** The starts of partitions, by topic and partition. */
export type FoundStarts = ReadonlyMap<string, ReadonlyMap<number, FoundStart>>

/** Finds what the group has committed of each topic, then where each partition ends. */
export async function findStarts(kafka: Kafka, groupId: string, topics: readonly string[]): Promise<FoundStarts> {
  if (topics.length === 0) return new Map()
  const admin = kafka.admin()
  await admin.connect()
  try {
    const committed = await admin.fetchOffsets({ groupId, topics: [...topics] })
    const starts = new Map<string, ReadonlyMap<number, FoundStart>>()
    for (const topic of topics) {
      const ofGroup = new Map(committed.find(each => each.topic === topic)?.partitions.map(({ partition, offset }) => [partition, offset]))
      const ends = await admin.fetchTopicOffsets(topic)
      starts.set(
        topic,
        new Map(
          ends.map(({ partition, high, low }) => [
            partition,
            { first: Number(low), end: Number(high), wasCommitted: Number(ofGroup.get(partition) ?? -1) >= 0 },
          ]),
        ),
      )
    }
    return starts
  } finally {
    await admin.disconnect()
  }
}
