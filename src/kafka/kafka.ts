import { Kafka, logLevel, type Admin, type LogEntry, type logCreator } from 'kafkajs'
import type { Logger } from '../runtime/logger.ts'
import { registerCodecs } from './codecs.ts'
import { guardIdleConnections } from './guard-idle-connections.ts'
import { kafkaConfig, type KafkaSettings, type TopicSettings } from './settings.ts'
import { socketFactory } from './socket-factory.ts'

/** A Kafka client. kafkajs itself retries only a few times: callers retry, and log that with more context. */
export function createKafka(settings: KafkaSettings, clientId: string, log: Logger): Kafka {
  return new Kafka({
    ...connectionConfig(settings, clientId),
    retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 4 },
    logLevel: logLevel.INFO,
    logCreator: logCreatorFor(log),
  })
}

/** How every client of Kafka connects. Patches kafkajs, and registers codecs. */
export function connectionConfig(settings: KafkaSettings, clientId: string) {
  guardIdleConnections()
  registerCodecs()
  return { ...kafkaConfig(settings), socketFactory, clientId, connectionTimeout: 3_000, requestTimeout: 10_000 }
}

export function logCreatorFor(log: Logger): logCreator {
  return () => entry => writeLog(log, entry)
}

/** What kafkajs logs as an error is one of several attempts; the caller logs the final failure. */
function writeLog(log: Logger, { namespace, log: { message, ...details } }: LogEntry): void {
  log.debug({ kafka: { ...details, timestamp: undefined, logger: undefined }, namespace }, `kafka: ${message}`)
}

/** Creates the topic if it is missing, and returns its number of partitions. */
export async function ensureTopic(kafka: Kafka, topic: string, settings: TopicSettings): Promise<number> {
  const admin = kafka.admin()
  await admin.connect()
  try {
    return (await countPartitions(admin, topic)) ?? (await createTopic(admin, topic, settings))
  } finally {
    await admin.disconnect()
  }
}

/** The number of partitions of a topic that must exist. */
export async function existingTopic(kafka: Kafka, topic: string): Promise<number> {
  const admin = kafka.admin()
  await admin.connect()
  try {
    const partitions = await countPartitions(admin, topic)
    if (partitions === undefined) throw new Error(`the topic ${topic} does not exist`)
    return partitions
  } finally {
    await admin.disconnect()
  }
}

async function createTopic(admin: Admin, topic: string, settings: TopicSettings): Promise<number> {
  await admin.createTopics({
    waitForLeaders: true,
    topics: [
      {
        topic,
        numPartitions: settings.kafkaTopicPartitions,
        replicationFactor: settings.kafkaTopicReplication,
        configEntries: [{ name: 'retention.ms', value: String(settings.kafkaTopicRetentionMs) }],
      },
    ],
  })
  const partitions = await countPartitions(admin, topic) // another client may have created it first, with another number
  if (partitions === undefined) throw new Error(`the topic ${topic} was created, but the brokers do not know it yet`)
  return partitions
}

/** The number of partitions, or undefined if the topic does not exist. Metadata by name would create the topic. */
async function countPartitions(admin: Admin, topic: string): Promise<number | undefined> {
  const topics = await admin.listTopics()
  if (!topics.includes(topic)) return undefined
  const { topics: found } = await admin.fetchTopicMetadata({ topics: [topic] })
  return found[0]?.partitions.length
}
