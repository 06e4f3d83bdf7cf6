import { ConfigResourceTypes, Kafka, logLevel, type Admin, type KafkaMessage } from 'kafkajs'
import type { MockInstance } from 'vitest'
import { createKafka, ensureTopic } from '../../src/kafka/kafka.ts'
import { kafkaSettings, topicSettings } from '../../src/kafka/settings.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { readSettings } from '../../src/runtime/settings.ts'
import { uniqueName } from '../support/kafka.ts'

export const silent = createLogger({ name: 'test', level: 'silent' })

/** For topics of three partitions. */
export const testSettings = (brokers: string) =>
  readSettings({ ...kafkaSettings, ...topicSettings }, { KAFKA_BROKERS: brokers, KAFKA_TOPIC_PARTITIONS: '3' })

export const testKafka = (brokers: string): Kafka => createKafka(testSettings(brokers), 'test', silent)

/** A new topic of three partitions. */
export async function createTopic(brokers: string, prefix: string, topic = uniqueName(prefix)): Promise<string> {
  await ensureTopic(testKafka(brokers), topic, testSettings(brokers))
  return topic
}

/** Changes a setting of a topic. */
export async function setTopic(admin: Admin, topic: string, name: string, value: string): Promise<void> {
  const resource = { type: ConfigResourceTypes.TOPIC, name: topic, configEntries: [{ name, value }] }
  await admin.alterConfigs({ validateOnly: false, resources: [resource] })
}

/** What waits for something by timers that are shorter polls. A time limit is longer. */
export const POLL_MS = 2_000

/** How many of the timers that were set are shorter than this. */
export function shorterThan(ms: number, timers: MockInstance<typeof setTimeout>): number {
  return timers.mock.calls.filter(([, delayMs = 0]) => delayMs < ms).length
}

/** A record with its place in its topic. */
export interface ReadRecord {
  readonly partition: number
  readonly offset: number
  readonly message: KafkaMessage
}

/** What is in a topic now, by kafkajs' own ways alone. */
export async function readTopic(brokers: string, topic: string): Promise<readonly ReadRecord[]> {
  const kafka = new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING })
  const admin = kafka.admin()
  await admin.connect()
  const ends = await admin.fetchTopicOffsets(topic)
  await admin.disconnect()
  let missing = ends.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0)
  const records: ReadRecord[] = []
  if (missing === 0) return records
  const consumer = kafka.consumer({ groupId: uniqueName('read'), maxWaitTimeInMs: 100 })
  try {
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    await new Promise<void>((resolve, reject) => {
      const eachMessage = async ({ partition, message }: { partition: number; message: KafkaMessage }) => {
        records.push({ partition, offset: Number(message.offset), message })
        if (--missing === 0) resolve()
      }
      consumer.run({ eachMessage }).catch(reject)
    })
  } finally {
    await consumer.disconnect()
  }
  return records
}
