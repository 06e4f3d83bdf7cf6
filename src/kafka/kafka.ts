import { Kafka, logLevel, type Admin, type LogEntry, type logCreator } from 'kafkajs'
import type { Logger } from '../runtime/logger.ts'
import { wait } from '../runtime/wait.ts'
import { registerCodecs } from './codecs.ts'
import { guardIdleConnections } from './guard-idle-connections.ts'
import { kafkaConfig, type KafkaSettings, type TopicSettings } from './settings.ts'
import { socketFactory } from './socket-factory.ts'

/** Of a topic that was just created. */
const KNOWN_LIMIT_MS = 5_000
const KNOWN_PAUSE_MS = 20

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
    waitForLeaders: false, // kafkajs' own wait fails when a broker does not know the topic yet
    topics: [
      {
        topic,
        numPartitions: settings.kafkaTopicPartitions,
        replicationFactor: settings.kafkaTopicReplication,
        configEntries: [{ name: 'retention.ms', value: String(settings.kafkaTopicRetentionMs) }],
      },
    ],
  })
  return untilKnown(admin, topic)
}

/** A broker learns of a new topic, and of its leaders, some time after the controller has created it. */
async function untilKnown(admin: Admin, topic: string): Promise<number> {
  const untilMs = performance.now() + KNOWN_LIMIT_MS
  for (;;) {
    const partitions = await countPartitions(admin, topic) // another client may have created it first, with another number
    if (partitions !== undefined) return partitions
    if (performance.now() > untilMs) throw new Error(`the topic ${topic} was created, but the brokers do not know it yet`)
    await wait(KNOWN_PAUSE_MS)
  }
}

/** The number of partitions, or undefined if this broker does not know the topic. Metadata by name would create the topic. */
async function countPartitions(admin: Admin, topic: string): Promise<number | undefined> {
  const topics = await admin.listTopics()
  if (!topics.includes(topic)) return undefined
  try {
    const { topics: found } = await admin.fetchTopicMetadata({ topics: [topic] })
    return found[0]?.partitions.length
  } catch (error) {
    if (isUnknownTopic(error)) return undefined // the broker that listed it was another one
    throw error
  }
}

function isUnknownTopic(error: unknown): boolean {
  return error instanceof Error && 'type' in error && error.type === 'UNKNOWN_TOPIC_OR_PARTITION'
}
