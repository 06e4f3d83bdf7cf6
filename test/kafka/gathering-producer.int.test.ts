import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { GatheringProducer, QueueFullError, type GatheringProducerOptions } from '../../src/kafka/gathering-producer.ts'
import { kafkaKindsAtDepth, sharedKafka, uniqueName } from '../support/kafka.ts'
import { createTopic, readTopic, testKafka } from './kafka-fixture.ts'

describe.each(kafkaKindsAtDepth())('a gathering producer (%s)', kind => {
  let brokers: string
  let topic: string
  let producers: GatheringProducer[]
  const create = (options: Partial<GatheringProducerOptions> = {}) => {
    const producer = new GatheringProducer({ kafka: testKafka(brokers), ...options })
    producers.push(producer)
    return producer
  }

  beforeAll(async () => {
    brokers = await sharedKafka(kind)
  })
  beforeEach(async () => {
    producers = []
    topic = await createTopic(brokers, 'gathering')
  })
  afterEach(() => Promise.all(producers.map(producer => producer.stop())))

  test.each(['all', 1] as const)('answers each record with its own partition and offset (acks=%s)', async acks => {
    const producer = create({ acks })
    const values = Array.from({ length: 500 }, (_, index) => `value ${index}`)
    const written = await Promise.all(values.map((value, index) => producer.send({ topic, value, ...(index % 2 ? {} : { partition: 1 }) })))
    const read = await readTopic(brokers, topic)
    const places = new Map(read.map(({ message, partition, offset }) => [String(message.value), { partition, offset }]))
    expect(values.map(value => places.get(value))).toEqual(written)
    expect(read).toHaveLength(500)
  })

  test('with acks=0 writes records and knows no offset', async () => {
    const producer = create({ acks: 0 })
    expect(await producer.send({ topic, partition: 2, value: 'a' })).toEqual({ partition: 2, offset: -1 })
    await expect.poll(async () => (await readTopic(brokers, topic)).length).toBe(1)
  })

  test('rejects a record for a topic or a partition that does not exist, and writes the others', async () => {
    const producer = create()
    const [missing, beyond, other] = await Promise.allSettled([
      producer.send({ topic: uniqueName('missing'), value: 'a' }),
      producer.send({ topic, partition: 3, value: 'b' }),
      producer.send({ topic, value: 'c' }),
    ])
    expect(missing).toMatchObject({ reason: { message: expect.stringContaining('does not exist') } })
    expect(beyond).toMatchObject({ reason: { message: expect.stringContaining('got 3, expected less than 3') } })
    expect(other.status).toBe('fulfilled')
    expect((await readTopic(brokers, topic)).map(({ message }) => String(message.value))).toEqual(['c'])
  })

  test('refuses more records than it keeps, and sends what it keeps when it stops', async () => {
    const producer = create({ maxQueued: 10 })
    const sent = Array.from({ length: 12 }, (_, index) => producer.send({ topic, value: String(index) }))
    const settled = Promise.allSettled(sent)
    await producer.stop()
    expect((await settled).map(({ status }) => status)).toEqual([...Array(10).fill('fulfilled'), 'rejected', 'rejected'])
    await expect(sent[11]).rejects.toThrow(new QueueFullError('10 records are not acknowledged'))
    await expect(producer.send({ topic, value: 'late' })).rejects.toThrow('stopped')
    expect(await readTopic(brokers, topic)).toHaveLength(10)
  })
})
