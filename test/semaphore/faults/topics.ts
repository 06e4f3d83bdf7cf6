import { Kafka, logLevel } from 'kafkajs'
import { uniqueName } from '../../support/kafka.ts'

/** The names of the four topics of one semaphore. */
export interface SemaphoreTopics {
  readonly requests: string
  readonly events: string
  readonly actionable: string
  readonly outcomes: string
}

const PARTITIONS = 4

/** A client for the parts of a test that are outside of the semaphore. It survives a broker that is killed. */
export function testClient(brokers: string): Kafka {
  return new Kafka({
    brokers: [brokers],
    logLevel: logLevel.NOTHING,
    requestTimeout: 5_000,
    connectionTimeout: 1_000,
    retry: { initialRetryTime: 50, maxRetryTime: 300, retries: 10_000 },
  })
}

/** Creates them with the broker's clock as the time of their records: the checker compares times of different topics. */
export async function createTopics(brokers: string): Promise<SemaphoreTopics> {
  const name = uniqueName('sem')
  const topics = {
    requests: `${name}-requests`,
    events: `${name}-events`,
    actionable: `${name}-actionable`,
    outcomes: `${name}-outcomes`,
  }
  const admin = testClient(brokers).admin()
  await admin.connect()
  const configEntries = [{ name: 'message.timestamp.type', value: 'LogAppendTime' }]
  await admin.createTopics({
    waitForLeaders: true,
    topics: Object.values(topics).map(topic => ({ topic, numPartitions: PARTITIONS, replicationFactor: 1, configEntries })),
  })
  await admin.disconnect()
  return topics
}
