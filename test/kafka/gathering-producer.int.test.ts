import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { GatheringProducer, QueueFullError, type GatheringProducerOptions } from '../../src/kafka/gathering-producer.ts'
import { kafkaKindsAtDepth, sharedKafka, uniqueName } from '../support/kafka.ts'
import { startLosingProxy, type LosingProxy } from '../support/losing-proxy.ts'
import { createTopic, readTopic, testKafka, type ReadRecord } from './kafka-fixture.ts'

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
    // A partition that has just been created may have no leader yet; then a record without an acknowledgement is lost.
    await create().send({ topic, partition: 2, value: 'first' })
    const producer = create({ acks: 0 })
    expect(await producer.send({ topic, partition: 2, value: 'a' })).toEqual({ partition: 2, offset: -1 })
    await expect.poll(async () => (await readTopic(brokers, topic)).length).toBe(2)
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

  describe('through a proxy that loses responses', () => {
    let proxy: LosingProxy
    const createThere = (options: Partial<GatheringProducerOptions> = {}) => {
      const producer = new GatheringProducer({ kafka: testKafka(proxy.brokers), ...options })
      producers.push(producer)
      return producer
    }
    const valuesOf = (records: readonly ReadRecord[], partition: number) =>
      records.filter(record => record.partition === partition).map(({ message }) => String(message.value))

    beforeEach(async () => {
      proxy = await startLosingProxy(Number(brokers.split(':')[1]))
    })
    afterEach(() => proxy.close())

    test('writes each record once and in order, and answers with its place', async () => {
      const producer = createThere()
      await producer.send({ topic, partition: 0, value: 'first' })
      let requests = 0
      proxy.lose(() => ++requests % 2 === 1)
      const values = Array.from({ length: 60 }, (_, index) => String(index))
      const written = []
      for (const value of values) {
        written.push(producer.send({ topic, partition: 0, value })) // some while a request is in flight or sent again, some after
        if (Number(value) % 20 === 19) await Promise.all(written)
      }
      const places = await Promise.all(written)
      expect(proxy.lost).toBeGreaterThanOrEqual(3)
      expect(valuesOf(await readTopic(brokers, topic), 0)).toEqual(['first', ...values])
      expect(places.map(({ offset }) => offset)).toEqual(values.map((_, index) => index + 1))
    })

    test('after a final failure rejects what was in flight, and loses nothing of what follows', async () => {
      const producer = createThere({ retries: 1 })
      await producer.send({ topic, partition: 0, value: 'first' })
      const next = Promise.withResolvers<{ readonly offset: number }>()
      proxy.lose(() => {
        if (proxy.lost === 0) next.resolve(producer.send({ topic, partition: 0, value: 'next' })) // while the first request is in flight
        return proxy.lost < 2
      })
      await expect(producer.send({ topic, partition: 0, value: 'failed' })).rejects.toThrow()
      const { offset } = await next.promise
      const values = valuesOf(await readTopic(brokers, topic), 0)
      expect(values).toEqual(['first', 'failed', 'next'])
      expect(offset).toBe(2)
    })
  })
})
