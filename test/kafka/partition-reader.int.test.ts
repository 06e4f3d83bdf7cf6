import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { GatheringProducer } from '../../src/kafka/gathering-producer.ts'
import { PartitionReader, type PartitionReaderOptions } from '../../src/kafka/partition-reader.ts'
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
})
