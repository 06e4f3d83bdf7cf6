import type { Admin } from 'kafkajs'
import { until } from '../../support/programs.ts'

/**
 * Creates a topic and waits until all its partitions can be read. With several workers on a busy machine Kafka takes seconds
 * to lead a new partition, in which some clients back off for longer than a test waits.
 */
export async function makeTopic(admin: Admin, topic: string, numPartitions: number): Promise<void> {
  await admin.createTopics({ topics: [{ topic, numPartitions }], waitForLeaders: false })
  await until(`${topic} can be read`, () =>
    admin.fetchTopicOffsets(topic).then(
      ({ length }) => length === numPartitions,
      () => false,
    ),
  )
}
