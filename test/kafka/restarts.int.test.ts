import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { GatheringProducer } from '../../src/kafka/gathering-producer.ts'
import { PartitionReader } from '../../src/kafka/partition-reader.ts'
import { RecordConsumer } from '../../src/kafka/record-consumer.ts'
import { startKafka, uniqueName, type TestKafka } from '../support/kafka.ts'
import { createTopic, readTopic, silent, testKafka, testSettings } from './kafka-fixture.ts'

const OUTCOME = [() => true, () => false] as const

describe('while a broker is killed and restarted', () => {
  let kafka: TestKafka
  let topic: string
  beforeAll(async () => {
    kafka = await startKafka()
    topic = await createTopic(kafka.brokers, 'restart')
  })
  afterAll(() => kafka.stop())

  test('a producer loses no record that it acknowledged, a reader reads each once, and a consumer each at least once', async () => {
    const [read, taken]: [string[], string[]] = [[], []]
    const reader = new PartitionReader({
      settings: testSettings(kafka.brokers),
      clientId: 'test',
      topic,
      partitions: [0],
      from: 'latest',
      log: silent,
      onRecords: (_, records) => {
        for (const { value } of records) read.push(String(value))
      },
    })
    const consumer = new RecordConsumer({
      kafka: testKafka(kafka.brokers),
      topics: [topic],
      groupId: uniqueName('restart'),
      fromBeginning: true,
      findStarts: true,
      commitIntervalMs: 50,
      log: silent,
      onBatch: ({ messages, offsets }) => {
        for (const { offset, value } of messages) {
          taken.push(String(value))
          offsets.pass(Number(offset))
        }
      },
    })
    const producer = new GatheringProducer({ kafka: testKafka(kafka.brokers), retries: 1 })
    const write = (value: string) => producer.send({ topic, partition: 0, value })
    try {
      reader.start()
      consumer.start()
      await reader.positioned
      for (const value of ['a', 'b', 'c']) await write(value)
      await expect.poll(() => [read.length, taken.length]).toEqual([3, 3])
      await kafka.kill9()
      await expect(write('lost')).rejects.toThrow()
      await kafka.restart()
      // An attempt that fails may be in the topic all the same: each has a value of its own.
      let tries = 0
      await vi.waitUntil(() => write(`d${++tries}`).then(...OUTCOME), { timeout: 40_000, interval: 100 })
      const failed = new Set(['lost', ...Array.from({ length: tries - 1 }, (_, index) => `d${index + 1}`)])
      await Promise.all(['e', 'f'].map(write))
      await expect.poll(() => [read.at(-1), taken.at(-1)], { timeout: 40_000 }).toEqual(['f', 'f'])
      const written = (await readTopic(kafka.brokers, topic)).map(({ message }) => String(message.value))
      expect(read).toEqual(written)
      expect(written.filter(value => !failed.has(value))).toEqual(['a', 'b', 'c', `d${tries}`, 'e', 'f'])
      expect([...new Set(taken)]).toEqual([...new Set(written)])
    } finally {
      await Promise.all([reader.stop(), consumer.stop(), producer.stop()])
    }
  }, 180_000)
})
