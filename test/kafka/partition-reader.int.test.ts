import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { GatheringProducer } from '../../src/kafka/gathering-producer.ts'
import { PartitionReader, type PartitionReaderOptions } from '../../src/kafka/partition-reader.ts'
import { wait } from '../../src/runtime/wait.ts'
import { kafkaKindsAtDepth, sharedKafka } from '../support/kafka.ts'
import { createTopic, silent, testKafka, testSettings } from './kafka-fixture.ts'

describe.each(kafkaKindsAtDepth())('a reader of partitions (%s)', kind => {
  let brokers: string
  let topic: string
  let producer: GatheringProducer
  let readers: PartitionReader[]
  /** What all readers of the test have read, as `partition@offset=value`. */
  let read: string[]

  const startReader = async (options: Partial<PartitionReaderOptions> = {}) => {
    const reader = new PartitionReader({
      settings: testSettings(brokers),
      clientId: 'test',
      topic,
      partitions: [0, 1, 2],
      from: 'latest',
      log: silent,
      onRecords: (partition, records) => {
        for (const { offset, value } of records) read.push(`${partition}@${offset}=${value}`)
      },
      ...options,
    })
    readers.push(reader)
    reader.start()
    await reader.positioned
    return reader
  }
  const write = (partition: number, value: string) => producer.send({ topic, partition, value })

  beforeAll(async () => {
    brokers = await sharedKafka(kind)
  })
  beforeEach(async () => {
    ;[readers, read] = [[], []]
    topic = await createTopic(brokers, 'reader')
    producer = new GatheringProducer({ kafka: testKafka(brokers) })
  })
  afterEach(async () => {
    await Promise.all(readers.map(reader => reader.stop()))
    await producer.stop()
  })

  test('reads what is written after it is positioned, and nothing from before', async () => {
    await write(1, 'before')
    await startReader()
    await Promise.all([write(0, 'a'), write(1, 'b'), write(2, 'c')])
    await expect.poll(() => read.toSorted()).toEqual(['0@0=a', '1@1=b', '2@0=c'])
  })

  test('reads from the first record, or from given offsets', async () => {
    for (const value of ['a', 'b', 'c']) await write(1, value)
    await startReader({ from: 'earliest' })
    await expect.poll(() => read).toEqual(['1@0=a', '1@1=b', '1@2=c'])
    read = []
    await startReader({ partitions: [1], from: new Map([[1, 2]]) })
    await expect.poll(() => read).toEqual(['1@2=c'])
  })

  test('waits for records without waking up', async () => {
    const [timeouts, intervals] = [vi.spyOn(globalThis, 'setTimeout'), vi.spyOn(globalThis, 'setInterval')]
    await startReader()
    await wait(100) // for the first fetch, which has a time limit
    timeouts.mockClear()
    await wait(500)
    const timers = [timeouts.mock.calls.length, intervals.mock.calls.length]
    vi.restoreAllMocks()
    expect(timers).toEqual([0, 0])
    await write(0, 'a') // it still reads
    await expect.poll(() => read).toEqual(['0@0=a'])
  })

  test('ends its connections at once when it stops, in the middle of a long poll', async () => {
    const sockets = () => process.getActiveResourcesInfo().filter(type => type === 'TCPSocketWrap').length
    const before = sockets()
    const reader = await startReader({ maxWaitMs: 30_000 })
    expect(sockets()).toBeGreaterThan(before)
    const begunMs = performance.now()
    await reader.stop()
    expect(performance.now() - begunMs).toBeLessThan(1_000)
    await expect.poll(sockets).toBe(before)
  })

  test('leaves nothing on the broker: no group', async () => {
    const admin = testKafka(brokers).admin()
    await admin.connect()
    try {
      const groups = async () => (await admin.listGroups()).groups.length
      const before = await groups()
      await startReader()
      await write(0, 'a')
      await expect.poll(() => read).toHaveLength(1)
      expect(await groups()).toBe(before)
    } finally {
      await admin.disconnect()
    }
  })

  test('continues with a topic that was deleted and created again', async () => {
    const gaps: string[] = []
    await startReader({ onGap: (partition, from, to) => gaps.push(`${partition}: ${from} -> ${to}`) })
    await Promise.all(['a', 'b', 'c'].map(value => write(0, value)))
    await expect.poll(() => read).toHaveLength(3)
    await producer.stop()
    const admin = testKafka(brokers).admin()
    await admin.connect()
    await admin.deleteTopics({ topics: [topic] })
    await expect.poll(() => admin.listTopics()).not.toContain(topic)
    await admin.disconnect()
    await createTopic(brokers, 'reader', topic)
    producer = new GatheringProducer({ kafka: testKafka(brokers) })
    await write(0, 'd')
    await expect.poll(() => read.slice(3)).toEqual(['0@0=d'])
    expect(gaps).toEqual(['0: 3 -> 0'])
  })
})
