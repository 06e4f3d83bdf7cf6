import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { compressionsAlgorithms } from '@platformatic/kafka'
import kafkajs, { type Admin, type Consumer, type ConsumerConfig, type Kafka, type KafkaMessage } from 'kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { uniqueName } from '../../support/kafka.ts'
import { until } from '../../support/programs.ts'
import { onBothBrokers } from '../targets.ts'
import { makeTopic } from './make-topic.ts'
import { CODECS, FIRST_TIMESTAMP, sampleRecords, type SampleRecord } from './sample-records.ts'

const { CompressionCodecs, CompressionTypes, ConfigResourceTypes, logLevel, Partitioners } = kafkajs

/** kafkajs supports only gzip; the test provides the others. */
const codec = (compress: (bytes: Buffer) => Buffer, decompress: (bytes: Buffer) => Buffer) => () => ({
  compress: async (encoder: { buffer: Buffer }) => compress(encoder.buffer),
  decompress: async (bytes: Buffer) => decompress(bytes),
})
const { snappy, lz4 } = compressionsAlgorithms
CompressionCodecs[CompressionTypes.Snappy] = codec(snappy.compressSync, snappy.decompressSync)
CompressionCodecs[CompressionTypes.LZ4] = codec(lz4.compressSync, lz4.decompressSync)
CompressionCodecs[CompressionTypes.ZSTD] = codec(
  bytes => zstdCompressSync(bytes),
  bytes => zstdDecompressSync(bytes),
)
const NUMBER_OF = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD,
}

/** Heartbeats are sent between two fetches: short waits let a member see a rebalance at once. */
const QUICK = { maxWaitTimeInMs: 100, heartbeatInterval: 100, sessionTimeout: 30_000 } as const

onBothBrokers(target => {
  let kafka: Kafka
  let admin: Admin
  beforeAll(async () => {
    kafka = new kafkajs.Kafka({ clientId: 'kafkajs', brokers: [target.brokers], logLevel: logLevel.NOTHING })
    admin = kafka.admin()
    await admin.connect()
  })
  afterAll(() => admin.disconnect())

  const newTopic = async (numPartitions: number) => {
    const topic = uniqueName('kafkajs')
    await makeTopic(admin, topic, numPartitions)
    return topic
  }

  test.each(CODECS)('returns records unchanged and in order (%s)', async codecName => {
    const topic = await newTopic(1)
    const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
    await producer.connect()
    const sent = sampleRecords()
    const messages = sent.map(({ timestamp, headers, ...rest }) => ({ ...rest, headers: { ...headers }, timestamp: String(timestamp) }))
    await producer.send({ topic, compression: NUMBER_OF[codecName], messages })
    await producer.disconnect()
    const read = await consume(kafka, topic, sent.length)
    expect(read.map(({ message }) => plain(message))).toEqual(sent)
    expect(read.map(({ message }) => message.offset)).toEqual(sent.map((_, index) => String(index)))
  })

  test('keeps the order of an idempotent producer in every partition', async () => {
    const topic = await newTopic(3)
    const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1, createPartitioner: Partitioners.DefaultPartitioner })
    await producer.connect()
    for (let from = 0; from < 1_000; from += 100) {
      const messages = Array.from({ length: 100 }, (_, index) => ({ partition: (from + index) % 3, value: String(from + index) }))
      await producer.send({ topic, messages })
    }
    await producer.disconnect()
    const read = await consume(kafka, topic, 1_000)
    for (const partition of [0, 1, 2]) {
      const numbers = read.filter(each => each.partition === partition).map(({ message }) => Number(message.value))
      expect(numbers).toEqual(Array.from({ length: 1_000 }, (_, index) => index).filter(index => index % 3 === partition))
    }
  })

  test('spreads the partitions over a group, and reassigns those of a member that leaves', async () => {
    const topic = await newTopic(4)
    const groupId = uniqueName('group')
    const read: Read[] = []
    const first = await member(kafka, { groupId, topic, read })
    await until('the first member has all partitions', () => first.partitions().length === 4)
    await produceRound(kafka, topic, 0)
    await until('the first round is read', () => read.length >= 40)

    const second = await member(kafka, { groupId, topic, read })
    await until('both have half', () => first.partitions().length === 2 && second.partitions().length === 2)
    expect([...first.partitions(), ...second.partitions()].toSorted()).toEqual([0, 1, 2, 3])
    expect((await admin.describeGroups([groupId])).groups[0]).toMatchObject({
      errorCode: 0,
      state: 'Stable',
      protocol: 'RoundRobinAssigner',
      protocolType: 'consumer',
    })
    await produceRound(kafka, topic, 40)
    await until('the second round is read', () => read.length >= 80)

    await second.consumer.disconnect()
    await until('the first member has all again', () => first.partitions().length === 4)
    await produceRound(kafka, topic, 80)
    await until('the third round is read', () => read.length >= 120)
    await first.consumer.disconnect()
    for (const partition of [0, 1, 2, 3]) {
      const numbers = read.filter(each => each.partition === partition).map(({ message }) => Number(message.value))
      expect(numbers).toEqual(Array.from({ length: 120 }, (_, index) => index).filter(index => index % 4 === partition))
    }
    expect(await admin.fetchOffsets({ groupId, topics: [topic] })).toMatchObject([
      { partitions: [0, 1, 2, 3].map(partition => ({ partition, offset: '30' })) },
    ])
  })

  test('continues at the committed offset of a group', async () => {
    const topic = await newTopic(1)
    const groupId = uniqueName('group')
    await produceRound(kafka, topic, 0, 1)
    await commit(kafka, { groupId, topic, offset: '33' })
    const read = await consume(kafka, topic, 7, groupId)
    expect(read.map(({ message }) => message.offset)).toEqual(['33', '34', '35', '36', '37', '38', '39'])
    await until(
      'the end is committed',
      async () => (await admin.fetchOffsets({ groupId, topics: [topic] }))[0]?.partitions[0]?.offset === '40',
    )
  })

  test('finds offsets by time', async () => {
    const topic = await newTopic(1)
    const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
    await producer.connect()
    for (let index = 0; index < 5; index++)
      await producer.send({ topic, messages: [{ value: String(index), timestamp: String(FIRST_TIMESTAMP + index * 1_000) }] })
    await producer.disconnect()
    expect(await admin.fetchTopicOffsets(topic)).toEqual([{ partition: 0, offset: '5', low: '0', high: '5' }])
    expect(await admin.fetchTopicOffsetsByTimestamp(topic, FIRST_TIMESTAMP + 1_500)).toEqual([{ partition: 0, offset: '2' }])
  })

  test('administers topics, configurations, records and groups', async () => {
    const topic = await newTopic(2)
    expect(await admin.createTopics({ topics: [{ topic }] })).toBe(false) // it exists already
    await admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] })
    await until('three partitions', async () => (await admin.fetchTopicMetadata({ topics: [topic] })).topics[0]?.partitions.length === 3)
    await expect(admin.createPartitions({ topicPartitions: [{ topic, count: 2 }] })).rejects.toMatchObject({ type: 'INVALID_PARTITIONS' })
    await admin.alterConfigs({
      validateOnly: false,
      resources: [{ type: ConfigResourceTypes.TOPIC, name: topic, configEntries: [{ name: 'retention.ms', value: '123456' }] }],
    })
    await until('the new retention', async () => (await configOf(admin, topic, 'retention.ms')) === '123456')

    await produceRound(kafka, topic, 0, 1)
    await admin.fetchTopicOffsets(topic) // makes kafkajs look up the leaders first
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '5' }] })
    expect((await admin.fetchTopicOffsets(topic)).find(({ partition }) => partition === 0)).toEqual({
      partition: 0,
      offset: '40',
      low: '5',
      high: '40',
    })

    const groupId = uniqueName('group')
    await commit(kafka, { groupId, topic, offset: '7' })
    expect((await admin.listGroups()).groups).toContainEqual({ groupId, protocolType: 'consumer' })
    expect(await admin.deleteGroups([groupId])).toEqual([{ groupId, errorCode: 0 }])
    await expect(admin.deleteGroups([groupId])).rejects.toMatchObject({ groups: [{ groupId, errorCode: 69 }] })
    await admin.deleteTopics({ topics: [topic] })
    await until('the topic is gone', async () => !(await admin.listTopics()).includes(topic))
  })

  test('gets an error for a record that is too large, and for a topic that does not exist', async () => {
    const topic = await newTopic(1)
    const producer = kafka.producer({
      createPartitioner: Partitioners.DefaultPartitioner,
      allowAutoTopicCreation: false,
      retry: { retries: 3 },
    })
    await producer.connect()
    await expect(producer.send({ topic, messages: [{ value: Buffer.alloc(1_100_000) }] })).rejects.toMatchObject({
      type: 'MESSAGE_TOO_LARGE',
    })
    await expect(producer.send({ topic: uniqueName('nowhere'), messages: [{ value: 'x' }] })).rejects.toMatchObject({
      cause: { type: 'UNKNOWN_TOPIC_OR_PARTITION' },
    })
    await producer.disconnect()
  })
})

interface Read {
  readonly partition: number
  readonly message: KafkaMessage
}

/** The first `count` records of a topic, read by a member of its own group. */
async function consume(kafka: Kafka, topic: string, count: number, groupId = uniqueName('reader')): Promise<readonly Read[]> {
  const read: Read[] = []
  const { consumer } = await member(kafka, { groupId, topic, read })
  try {
    await until(`${count} records are read`, () => read.length >= count)
  } finally {
    await consumer.disconnect()
  }
  return read
}

async function member(
  kafka: Kafka,
  { groupId, topic, read, autoCommit = true }: { groupId: string; topic: string; read: Read[]; autoCommit?: boolean },
) {
  const consumer: Consumer = kafka.consumer({ groupId, ...QUICK } satisfies ConsumerConfig)
  let assigned: readonly number[] = []
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    assigned = payload.memberAssignment[topic] ?? []
  })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({ autoCommit, eachMessage: async ({ partition, message }) => void read.push({ partition, message }) })
  return { consumer, partitions: () => assigned }
}

/** Commits as a member of the group, which then leaves it (the admin's setOffsets takes 5 s). */
async function commit(kafka: Kafka, { groupId, topic, offset }: { groupId: string; topic: string; offset: string }): Promise<void> {
  const { consumer, partitions } = await member(kafka, { groupId, topic, read: [], autoCommit: false })
  await until('the member has joined', () => partitions().length > 0)
  await consumer.commitOffsets([{ topic, partition: 0, offset }])
  await consumer.disconnect()
}

/** Forty records with numbers from `from`, spread over the partitions. */
async function produceRound(kafka: Kafka, topic: string, from: number, partitions = 4): Promise<void> {
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  const messages = Array.from({ length: 40 }, (_, index) => ({ partition: (from + index) % partitions, value: String(from + index) }))
  await producer.send({ topic, messages })
  await producer.disconnect()
}

async function configOf(admin: Admin, topic: string, name: string): Promise<string | undefined> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: ConfigResourceTypes.TOPIC, name: topic, configNames: [name] }],
  })
  return resources[0]?.configEntries[0]?.configValue
}

function plain({ key, value, headers, timestamp }: KafkaMessage): SampleRecord {
  return {
    key: key?.toString() ?? null,
    value: value?.toString() ?? null,
    headers: Object.fromEntries(Object.entries(headers ?? {}).map(([name, header]) => [name, String(header)])),
    timestamp: Number(timestamp),
  }
}
