import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ProduceAcks, Admin, Consumer, MessagesStreamModes, Producer } from '@platformatic/kafka'
import { CompressionTypes, Kafka, logLevel } from 'kafkajs'
import { runToEnd } from '../../../../local/launch/child.ts'
import { kafkaJars, KAFKA_VERSION } from '../../../../local/launch/kafka-jars.ts'

/** Uses everything that a client can do, with the given brokers. `run` is a unique name. */
export interface RecordedClient {
  readonly name: string
  readonly use: (brokers: string, run: string) => Promise<void>
}

/** kafkajs does not export the name that it types. */
const TOPIC_RESOURCE = 2

type Steps = Readonly<Record<string, () => Promise<unknown>>>

/** Skips what the versions do not allow. */
async function take(steps: Steps): Promise<void> {
  for (const [name, step] of Object.entries(steps))
    await step().catch((error: unknown) => process.stdout.write(`${name}: ${String(error)}\n`))
}

async function useKafkajs(brokers: string, run: string): Promise<void> {
  const kafka = new Kafka({ clientId: 'kafkajs', brokers: [brokers], logLevel: logLevel.NOTHING, retry: { retries: 1 } })
  const [topic, groupId] = [`recorded-kafkajs-${run}`, `recorded-kafkajs-${run}`]
  const admin = kafka.admin()
  const producer = kafka.producer()
  const idempotent = kafka.producer({ idempotent: true })
  const consumer = kafka.consumer({ groupId, heartbeatInterval: 200, maxWaitTimeInMs: 200 })
  let seen = 0
  await take({
    connect: () => Promise.all([admin.connect(), producer.connect(), idempotent.connect(), consumer.connect()]),
    create: () => admin.createTopics({ topics: [{ topic, numPartitions: 2, configEntries: [{ name: 'retention.ms', value: '60000' }] }] }),
    grow: () => admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] }),
    send: () => producer.send({ topic, messages: [{ key: 'key', value: 'value', headers: { a: 'b' } }] }),
    compressed: () => producer.send({ topic, compression: CompressionTypes.GZIP, messages: [{ value: 'x'.repeat(300) }] }),
    idempotent: () => idempotent.send({ topic, messages: [{ value: 'once' }] }),
    subscribe: () => consumer.subscribe({ topic, fromBeginning: true }),
    consume: () =>
      new Promise<void>(
        resolve =>
          void consumer.run({
            autoCommitThreshold: 1,
            eachMessage: async () => {
              if (++seen === 3) setTimeout(resolve, 600)
            },
          }),
      ),
    describeGroups: () => admin.describeGroups([groupId]),
    listGroups: () => admin.listGroups(),
    disconnect: () => Promise.all([consumer.disconnect(), producer.disconnect(), idempotent.disconnect()]),
    fetchOffsets: () => admin.fetchOffsets({ groupId, topics: [topic] }),
    allOffsets: () => admin.fetchOffsets({ groupId }),
    setOffsets: () => admin.setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: '0' }] }),
    topicOffsets: () => admin.fetchTopicOffsets(topic),
    byTime: () => admin.fetchTopicOffsetsByTimestamp(topic, 1),
    describeConfigs: () =>
      admin.describeConfigs({ includeSynonyms: true, resources: [{ type: TOPIC_RESOURCE, name: topic, configNames: ['retention.ms'] }] }),
    alterConfigs: () =>
      admin.alterConfigs({
        validateOnly: false,
        resources: [{ type: TOPIC_RESOURCE, name: topic, configEntries: [{ name: 'retention.ms', value: '70000' }] }],
      }),
    deleteRecords: () => admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '-1' }] }),
    deleteGroups: () => admin.deleteGroups([groupId]),
    metadata: () => admin.fetchTopicMetadata({ topics: [topic] }),
    cluster: () => admin.describeCluster(),
    deleteTopics: () => admin.deleteTopics({ topics: [topic] }),
    end: () => admin.disconnect(),
  })
}

async function usePlatformatic(brokers: string, run: string): Promise<void> {
  const options = { clientId: 'platformatic', bootstrapBrokers: [brokers], retries: 1, timeout: 4000 }
  const [topic, groupId] = [`recorded-platformatic-${run}`, `recorded-platformatic-${run}`]
  const [admin, producer, idempotent] = [new Admin(options), new Producer(options), new Producer({ ...options, idempotent: true })]
  const consumer = new Consumer({ ...options, groupId, heartbeatInterval: 200, maxWaitTime: 200, autocommit: true })
  const messages = [{ topic, partition: 0, key: Buffer.from('key'), value: Buffer.from('value') }]
  await take({
    create: () => admin.createTopics({ topics: [topic], partitions: 2, replicas: 1 }),
    send: () => producer.send({ messages, acks: ProduceAcks.ALL }),
    idempotent: () => idempotent.send({ messages }),
    consume: async () => {
      const stream = await consumer.consume({ topics: [topic], mode: MessagesStreamModes.EARLIEST })
      let seen = 0
      for await (const message of stream) {
        void message
        if (++seen === 2) break
      }
      await stream.close()
    },
    listGroups: () => admin.listGroups(),
    describeGroups: () => admin.describeGroups({ groups: [groupId] }),
    offsets: () => admin.listConsumerGroupOffsets({ groups: [groupId] }),
    listOffsets: () => admin.listOffsets({ topics: [{ name: topic, partitions: [{ partitionIndex: 0, timestamp: -1n }] }] }),
    closeConsumer: () => consumer.close(true),
    deleteGroups: () => admin.deleteGroups({ groups: [groupId] }),
    deleteTopics: () => admin.deleteTopics({ topics: [topic] }),
    end: () => Promise.all([admin.close(), producer.close(), idempotent.close()]),
  })
}

async function useJava(brokers: string, run: string): Promise<void> {
  const args = ['-XX:TieredStopAtLevel=1', '-cp', join(await kafkaJars(), '*'), join(import.meta.dirname, 'Everything.java'), brokers, run]
  await runToEnd({ name: 'java', command: 'java', args, onLine: line => process.stdout.write(`${line}\n`) })
}

async function useKcat(brokers: string, run: string): Promise<void> {
  const topic = `recorded-kcat-${run}`
  const kcat = (...args: string[]) =>
    runToEnd({ name: 'kcat', command: 'kcat', args: ['-b', brokers, ...args], onLine: line => process.stdout.write(`${line}\n`) })
  const file = join(import.meta.dirname, 'main.ts')
  await take({
    produce: () => kcat('-P', '-l', '-t', topic, '-k', 'key', '-H', 'a=b', file),
    compressed: () => kcat('-P', '-t', topic, '-z', 'gzip', '-X', 'enable.idempotence=true', '-l', file),
    list: () => kcat('-L', '-t', topic),
    query: () => kcat('-Q', '-t', `${topic}:0:1`),
    consume: () => kcat('-C', '-t', topic, '-o', 'beginning', '-c', '2', '-q'),
    group: () =>
      kcat('-G', `recorded-kcat-${run}`, '-X', 'auto.offset.reset=earliest', '-X', 'heartbeat.interval.ms=200', '-c', '3', '-q', topic),
  })
}

function versionOf(dependency: string): string {
  const file = join(import.meta.dirname, '../../../../node_modules', dependency, 'package.json')
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}

/** By the name of their file in `recorded/`. */
export const CLIENTS: Readonly<Record<string, RecordedClient>> = {
  kafkajs: { name: `kafkajs ${versionOf('kafkajs')}`, use: useKafkajs },
  platformatic: { name: `@platformatic/kafka ${versionOf('@platformatic/kafka')}`, use: usePlatformatic },
  java: { name: `Java clients ${KAFKA_VERSION}`, use: useJava },
  kcat: { name: 'kcat of Debian 12', use: useKcat },
}
