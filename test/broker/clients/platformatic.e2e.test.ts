import {
  Admin,
  Consumer,
  ListOffsetTimestamps,
  ProduceAcks,
  Producer,
  stringDeserializers,
  stringSerializers,
  type Message,
} from '@platformatic/kafka'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { uniqueName } from '../../support/kafka.ts'
import { until } from '../../support/programs.ts'
import { onBothBrokers } from '../targets.ts'
import { CODECS, FIRST_TIMESTAMP, sampleRecords, type SampleRecord } from './sample-records.ts'

type TextMessage = Message<string, string, string, string>
type TextConsumer = Consumer<string, string, string, string>

/** As in the protocol. */
const RESOURCE_TOPIC = 2
const OPERATION_SET = 0

onBothBrokers(target => {
  let admin: Admin
  const base = () => ({ clientId: 'platformatic', bootstrapBrokers: [target.brokers], retries: 2 })
  beforeAll(() => {
    admin = new Admin(base())
  })
  afterAll(() => admin.close())

  const newTopic = async (partitions: number) => {
    const topic = uniqueName('platformatic')
    await admin.createTopics({ topics: [topic], partitions, replicas: 1 })
    const places = Array.from({ length: partitions }, (_, partitionIndex) => ({ partitionIndex, timestamp: ListOffsetTimestamps.LATEST }))
    await until('the topic can be read', () =>
      admin.listOffsets({ topics: [{ name: topic, partitions: places }] }).then(
        () => true,
        () => false,
      ),
    )
    return topic
  }
  const newProducer = (idempotent = false) =>
    new Producer({ ...base(), idempotent, acks: ProduceAcks.ALL, serializers: stringSerializers, autocreateTopics: false })

  test.each(CODECS)('returns records unchanged and in order (%s)', async compression => {
    const topic = await newTopic(1)
    const sent = sampleRecords()
    const producer = newProducer()
    await producer.send({
      compression,
      messages: sent.map(({ key, value, headers, timestamp }) => ({
        topic,
        partition: 0,
        ...(key !== null && { key }),
        ...(value !== null && { value }),
        headers: { ...headers },
        timestamp: BigInt(timestamp),
      })),
    })
    await producer.close()
    const { read, close } = await member(base(), { groupId: uniqueName('reader'), topic })
    await until('all are read', () => read.length >= sent.length)
    await close()
    expect(read.map(plain)).toEqual(sent)
    expect(read.map(({ offset }) => offset)).toEqual(sent.map((_, index) => BigInt(index)))
  })

  test('keeps the order of an idempotent producer in every partition', async () => {
    const topic = await newTopic(3)
    const producer = newProducer(true)
    for (let from = 0; from < 1_000; from += 100) await producer.send({ messages: numbered(topic, { from, count: 100, partitions: 3 }) })
    await producer.close()
    const { read, close } = await member(base(), { groupId: uniqueName('reader'), topic })
    await until('all are read', () => read.length >= 1_000)
    await close()
    for (const partition of [0, 1, 2]) expect(valuesOf(read, partition)).toEqual(every(3, partition, 1_000))
  })

  test('spreads the partitions over a group, and reassigns those of a member that leaves', async () => {
    const topic = await newTopic(4)
    const producer = newProducer()
    const groupId = uniqueName('group')
    /** Commits come a little after the reads. A partition can change its reader without duplicates only after the commit. */
    const committed = (each: bigint) =>
      until('all is committed', async () => {
        const [group] = await admin.listConsumerGroupOffsets({ groups: [groupId] })
        return group?.topics[0]?.partitions.every(({ committedOffset }) => committedOffset === each) ?? false
      })
    const first = await member(base(), { groupId, topic })
    await until('the first member has all partitions', () => first.partitions().length === 4)
    await producer.send({ messages: numbered(topic, { from: 0, count: 40, partitions: 4 }) })
    await until('the first round is read', () => first.read.length >= 40)
    await committed(10n)

    const second = await member(base(), { groupId, topic })
    await until('both have half', () => first.partitions().length === 2 && second.partitions().length === 2)
    expect([...first.partitions(), ...second.partitions()].toSorted()).toEqual([0, 1, 2, 3])
    const group = (await admin.describeGroups({ groups: [groupId] })).get(groupId)
    expect(group).toMatchObject({ state: 'Stable', protocolType: 'consumer', protocol: 'roundrobin' })
    expect(group?.members.size).toBe(2)
    await producer.send({ messages: numbered(topic, { from: 40, count: 40, partitions: 4 }) })
    await until('the second round is read', () => distinct(first.read, second.read) === 80)
    await committed(20n)

    await second.close()
    await until('the first member has all again', () => first.partitions().length === 4)
    await producer.send({ messages: numbered(topic, { from: 80, count: 40, partitions: 4 }) })
    await until('the third round is read', () => distinct(first.read, second.read) === 120)
    await committed(30n)
    await first.close()
    await producer.close()
    for (const partition of [0, 1, 2, 3]) {
      // This client may deliver the records of a request that is in flight during a rebalance twice, which at-least-once allows.
      const [ofFirst, ofSecond] = [new Set(valuesOf(first.read, partition)), new Set(valuesOf(second.read, partition))]
      for (const numbers of [ofFirst, ofSecond]) expect([...numbers]).toEqual([...numbers].toSorted((a, b) => a - b))
      expect([...ofFirst.union(ofSecond)].toSorted((a, b) => a - b)).toEqual(every(4, partition, 120))
    }
  })

  test('continues at the committed offset of a group', async () => {
    const topic = await newTopic(1)
    const groupId = uniqueName('group')
    const producer = newProducer()
    await producer.send({ messages: numbered(topic, { from: 0, count: 40, partitions: 1 }) })
    await producer.close()
    await admin.alterConsumerGroupOffsets({ groupId, topics: [{ name: topic, partitionOffsets: [{ partition: 0, offset: 33n }] }] })
    const { read, close } = await member(base(), { groupId, topic })
    await until('the rest is read', () => read.length >= 7)
    await close()
    expect(read.map(({ offset }) => offset)).toEqual([33n, 34n, 35n, 36n, 37n, 38n, 39n])
  })

  test('finds offsets by time', async () => {
    const topic = await newTopic(1)
    const producer = newProducer()
    for (let index = 0; index < 5; index++)
      await producer.send({ messages: [{ topic, partition: 0, value: String(index), timestamp: BigInt(FIRST_TIMESTAMP + index * 1_000) }] })
    await producer.close()
    const offsetAt = async (timestamp: bigint) =>
      (await admin.listOffsets({ topics: [{ name: topic, partitions: [{ partitionIndex: 0, timestamp }] }] }))[0]?.partitions[0]?.offset
    expect(await offsetAt(ListOffsetTimestamps.EARLIEST)).toBe(0n)
    expect(await offsetAt(ListOffsetTimestamps.LATEST)).toBe(5n)
    expect(await offsetAt(BigInt(FIRST_TIMESTAMP + 1_500))).toBe(2n)
    expect(await offsetAt(BigInt(FIRST_TIMESTAMP + 60_000))).toBe(-1n)
  })

  test('administers topics, configurations, records and groups', async () => {
    const topic = await newTopic(2)
    await expect(admin.createTopics({ topics: [topic], partitions: 1, replicas: 1 })).rejects.toSatisfy(hasApiError('TOPIC_ALREADY_EXISTS'))
    await admin.createPartitions({ topics: [{ name: topic, count: 3, assignments: null }] })
    await until(
      'three partitions',
      async () => (await admin.metadata({ topics: [topic], forceUpdate: true })).topics.get(topic)?.partitionsCount === 3,
    )
    await admin.incrementalAlterConfigs({
      resources: [
        {
          resourceType: RESOURCE_TOPIC,
          resourceName: topic,
          configs: [{ name: 'retention.ms', value: '123456', configOperation: OPERATION_SET }],
        },
      ],
    })
    const retention = async () =>
      (
        await admin.describeConfigs({
          resources: [{ resourceType: RESOURCE_TOPIC, resourceName: topic, configurationKeys: ['retention.ms'] }],
        })
      )[0]?.configs[0]?.value
    await until('the new retention', async () => (await retention()) === '123456')

    const producer = newProducer()
    await producer.send({ messages: numbered(topic, { from: 0, count: 40, partitions: 1 }) })
    await producer.close()
    expect(await admin.deleteRecords({ topics: [{ name: topic, partitions: [{ partition: 0, offset: 5n }] }] })).toEqual([
      { name: topic, partitions: [{ partition: 0, lowWatermark: 5n }] },
    ])

    const groupId = uniqueName('group')
    await admin.alterConsumerGroupOffsets({ groupId, topics: [{ name: topic, partitionOffsets: [{ partition: 0, offset: 7n }] }] })
    expect((await admin.listGroups()).has(groupId)).toBe(true)
    await admin.deleteGroups({ groups: [groupId] })
    expect((await admin.listGroups()).has(groupId)).toBe(false)
    await admin.deleteTopics({ topics: [topic] })
    await until('the topic is gone', async () => !(await admin.listTopics()).includes(topic))
  })
})

/** A member of a group, and what it reads. */
async function member(base: { clientId: string; bootstrapBrokers: string[] }, { groupId, topic }: { groupId: string; topic: string }) {
  const consumer: TextConsumer = new Consumer({
    ...base,
    groupId,
    deserializers: stringDeserializers,
    autocommit: 100,
    maxWaitTime: 100,
    heartbeatInterval: 100,
    sessionTimeout: 30_000,
    rebalanceTimeout: 30_000,
  })
  const read: TextMessage[] = []
  const stream = await consumer.consume({ topics: [topic], mode: 'committed', fallbackMode: 'earliest' })
  stream.on('data', (message: TextMessage) => read.push(message))
  return {
    read,
    partitions: () => consumer.assignments?.find(assignment => assignment.topic === topic)?.partitions ?? [],
    close: async () => {
      await stream.close()
      await consumer.close()
    },
  }
}

function numbered(topic: string, { from, count, partitions }: { from: number; count: number; partitions: number }) {
  return Array.from({ length: count }, (_, index) => ({ topic, partition: (from + index) % partitions, value: String(from + index) }))
}

function valuesOf(read: readonly TextMessage[], partition: number): readonly number[] {
  return read.filter(message => message.partition === partition).map(({ value }) => Number(value))
}

function distinct(...reads: readonly (readonly TextMessage[])[]): number {
  return new Set(reads.flat().map(({ value }) => value)).size
}

/** The numbers below `end` that belong to a partition. */
function every(partitions: number, partition: number, end: number): readonly number[] {
  return Array.from({ length: end }, (_, index) => index).filter(index => index % partitions === partition)
}

function hasApiError(id: string): (error: unknown) => boolean {
  return error => describeErrors(error).includes(id)
}

function describeErrors(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const inner = (error as { errors?: readonly unknown[] }).errors ?? []
  return [error.message, (error as { apiId?: string }).apiId ?? '', describeErrors(error.cause), ...inner.map(describeErrors)].join(' ')
}

function plain({ key, value, headers, timestamp }: TextMessage): SampleRecord {
  return { key: key ?? null, value: value ?? null, headers: Object.fromEntries(headers), timestamp: Number(timestamp) }
}
