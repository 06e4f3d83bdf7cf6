import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { GatheringProducer } from '../../src/kafka/gathering-producer.ts'
import { PartitionReader, type PartitionReaderOptions } from '../../src/kafka/partition-reader.ts'
import { wait } from '../../src/runtime/wait.ts'
import { kafkaKindsAtDepth, sharedKafka, uniqueName } from '../support/kafka.ts'
import { startLosingProxy } from '../support/losing-proxy.ts'
import { createTopic, POLL_MS, shorterThan, silent, testKafka, testSettings } from './kafka-fixture.ts'

/** Longer than any test waits. */
const LONG_POLL_MS = 60_000

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
    await startReader({ maxWaitMs: LONG_POLL_MS })
    const [timeouts, intervals] = [vi.spyOn(globalThis, 'setTimeout'), vi.spyOn(globalThis, 'setInterval')]
    await wait(500) // a timer that was due earlier has fired by then
    const timers = [shorterThan(POLL_MS, timeouts), intervals.mock.calls.length]
    vi.restoreAllMocks()
    expect(timers).toEqual([0, 0])
    await write(0, 'a') // it still reads
    await expect.poll(() => read).toEqual(['0@0=a'])
  })

  test('ends its connections at once when it stops, in the middle of a long poll', async () => {
    await using proxy = await startLosingProxy(Number(brokers.split(':')[1]))
    const reader = await startReader({ settings: testSettings(proxy.brokers), maxWaitMs: LONG_POLL_MS })
    expect(proxy.open).toBeGreaterThan(0)
    const begunMs = performance.now()
    await reader.stop()
    expect(performance.now() - begunMs).toBeLessThan(LONG_POLL_MS / 2)
    await expect.poll(() => proxy.open).toBe(0)
  })

  test('leaves nothing on the broker: no group', async () => {
    const admin = testKafka(brokers).admin()
    await admin.connect()
    try {
      const groups = async () => (await admin.listGroups()).groups.map(({ groupId }) => groupId)
      const before = new Set(await groups())
      const clientId = uniqueName('reader')
      await startReader({ clientId })
      await write(0, 'a')
      await expect.poll(() => read).toHaveLength(1)
      // Other tests create groups on this broker at the same time.
      const since = (await groups()).filter(group => !before.has(group))
      const { groups: described } = await admin.describeGroups(since)
      expect(described.flatMap(({ members }) => members).filter(member => member.clientId === clientId)).toEqual([])
      for (const groupId of since) {
        const [{ partitions } = { partitions: [] }] = await admin.fetchOffsets({ groupId, topics: [topic] })
        expect(partitions.filter(({ offset }) => offset !== '-1')).toEqual([])
      }
    } finally {
      await admin.disconnect()
    }
  })

  test('continues with a topic that was deleted and created again', { timeout: 120_000 }, async () => {
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
    await expect.poll(() => read.slice(3), { timeout: 40_000 }).toEqual(['0@0=d'])
    expect(gaps).toEqual(['0: 3 -> 0'])
  })
})
