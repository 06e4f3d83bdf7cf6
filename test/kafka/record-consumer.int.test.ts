import type { Admin } from 'kafkajs'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Broker } from '../../broker/broker.ts'
import { describeGroups, joinGroup } from '../../broker/wire/tables/index.ts'
import { GatheringProducer } from '../../src/kafka/gathering-producer.ts'
import type { OpenRecord } from '../../src/kafka/offsets.ts'
import type { PartitionStart, RecordBatch, RecordConsumerOptions } from '../../src/kafka/record-consumer-options.ts'
import { RecordConsumer } from '../../src/kafka/record-consumer.ts'
import { joining } from '../broker/conformance/members.ts'
import { CLOSED, RawConnection } from '../broker/conformance/raw-connection.ts'
import { kafkaKindsAtDepth, sharedKafka, uniqueName } from '../support/kafka.ts'
import { createTopic, readTopic, silent, testKafka } from './kafka-fixture.ts'

describe.each(kafkaKindsAtDepth())('a consumer of records (%s)', kind => {
  let brokers: string
  let topic: string
  let groupId: string
  let admin: Admin
  let producer: GatheringProducer
  let consumers: RecordConsumer[]
  /** What was handed over. */
  let taken: string[]
  /** Not done yet. */
  let open: OpenRecord[]
  let starts: (PartitionStart | undefined)[]

  const take = ({ messages, offsets, start }: RecordBatch): void => {
    starts.push(start)
    for (const { offset, value } of messages) {
      taken.push(String(value))
      open.push(offsets.open(Number(offset)))
    }
  }
  const start = (options: Partial<RecordConsumerOptions> = {}): RecordConsumer => {
    const consumer = new RecordConsumer({
      kafka: testKafka(brokers),
      topics: [topic],
      groupId,
      fromBeginning: true,
      commitIntervalMs: 50,
      log: silent,
      onBatch: take,
      ...options,
    })
    consumers.push(consumer)
    consumer.start()
    return consumer
  }
  const write = (...values: string[]) => Promise.all(values.map(value => producer.send({ topic, partition: 0, value })))
  const finish = (count: number): void => {
    for (const record of open.splice(0, count)) record.done = true
  }
  const committed = async (): Promise<string> =>
    (await admin.fetchOffsets({ groupId, topics: [topic] }))[0]!.partitions.find(({ partition }) => partition === 0)!.offset
  const members = async (): Promise<number> => (await admin.describeGroups([groupId])).groups[0]!.members.length

  beforeAll(async () => {
    brokers = await sharedKafka(kind)
  })
  beforeEach(async () => {
    ;[consumers, taken, open, starts] = [[], [], [], []]
    topic = await createTopic(brokers, 'consumer')
    groupId = uniqueName('consumer')
    producer = new GatheringProducer({ kafka: testKafka(brokers) })
    admin = testKafka(brokers).admin()
    await admin.connect()
  })
  afterEach(async () => {
    await Promise.all(consumers.map(consumer => consumer.stop()))
    await producer.stop()
    await admin.disconnect()
  })

  test('fetches further records while earlier ones are not done, and commits up to the first of those', async () => {
    start()
    await write('a', 'b')
    await expect.poll(() => taken).toEqual(['a', 'b'])
    await write('c')
    await expect.poll(() => taken).toEqual(['a', 'b', 'c'])
    finish(1)
    await expect.poll(committed).toBe('1')
    finish(2)
    await expect.poll(committed).toBe('3')
  })

  test('hands over what was not done again after a stop, which commits the rest and leaves the group at once', async () => {
    const first = start({ commitIntervalMs: 60_000 })
    await write('a', 'b', 'c')
    await expect.poll(() => taken).toEqual(['a', 'b', 'c'])
    finish(2)
    await first.stop()
    expect(await members()).toBe(0)
    expect(await committed()).toBe('2')
    taken = []
    start()
    await expect.poll(() => taken).toEqual(['c'])
  })

  test('joins its group again and reads from what is committed, if its handler asks for it while the partition is its own', async () => {
    const asks: (() => void)[] = []
    start({
      onBatch: (batch, control) => {
        take(batch)
        asks.push(() => control.startAgain(new Error('the records cannot become done')))
      },
    })
    await write('a', 'b')
    await expect.poll(() => taken).toEqual(['a', 'b'])
    finish(1)
    await expect.poll(committed).toBe('1')
    asks[0]!()
    await expect.poll(() => taken).toEqual(['a', 'b', 'b'])
    asks[0]!() // of an assignment that is over
    await write('c')
    await expect.poll(() => taken).toEqual(['a', 'b', 'b', 'c'])
    asks.at(-1)!() // of the assignment that is not: the only one that has an effect
    await expect.poll(() => taken).toEqual(['a', 'b', 'b', 'c', 'b', 'c'])
  })

  test('finishes what is open when it stops: no further records, then the last commit', async () => {
    const consumer = start({
      commitIntervalMs: 60_000,
      onStopping: async () => {
        await write('late')
        expect(await readTopic(brokers, topic)).toHaveLength(2) // another consumer has had time to join, and to get both
        finish(1)
      },
    })
    await write('a')
    await expect.poll(() => taken).toEqual(['a'])
    await consumer.stop()
    expect(taken).toEqual(['a'])
    expect(await committed()).toBe('1')
  })

  describe('that finds where its partitions start', () => {
    test('says where each ended, and that the group had committed nothing, which is no longer so for the next member', async () => {
      await write('a', 'b')
      const first = start({ findStarts: true, commitIntervalMs: 60_000 })
      await expect.poll(() => taken).toEqual(['a', 'b'])
      expect(starts).toEqual([{ first: 0, end: 2, wasCommitted: false }])
      expect(await committed()).toBe('0') // before the records were handed over: nothing of them is done
      await first.stop() // as a crash would be: they are still open
      start({ findStarts: true })
      await expect.poll(() => taken).toEqual(['a', 'b', 'a', 'b'])
      expect(starts[1]).toEqual({ first: 0, end: 2, wasCommitted: true })
    })

    test('reads only new records if it is to, but all of those, however often it starts', async () => {
      await write('old')
      const first = start({ findStarts: true, fromBeginning: false })
      await expect.poll(committed).toBe('1')
      await first.stop()
      await write('between')
      start({ findStarts: true, fromBeginning: false })
      await expect.poll(() => taken).toEqual(['between'])
    })
  })

  test('waits for a topic that does not exist, and creates it only if it is to', async () => {
    const missing = uniqueName('missing')
    let failures = 0
    start({ topics: [missing], onFailed: () => void failures++ })
    await expect.poll(() => failures).toBeGreaterThan(0)
    expect(await admin.listTopics()).not.toContain(missing)
  })

  test('reads several topics', async () => {
    const other = await createTopic(brokers, 'other')
    start({ topics: [topic, other], onBatch: ({ topic: from, messages }) => void taken.push(`${from} ${[...messages].length}`) })
    await write('a')
    await producer.send({ topic: other, value: 'b' })
    await expect.poll(() => taken.toSorted()).toEqual([`${topic} 1`, `${other} 1`].toSorted())
  })
})

test('a consumer of records stays in its group while its handler waits for longer than a session, and goes on then', async () => {
  const sessionMs = 3_000 // three times the pause between heartbeats
  const config = { listeners: 'PLAINTEXT://127.0.0.1:0', storage: 'memory', 'group.min.session.timeout.ms': '1000' }
  const broker = await Broker.start({ config })
  const brokers = `127.0.0.1:${broker.port}`
  const topic = await createTopic(brokers, 'sessions')
  const room = Promise.withResolvers<void>()
  const taken: string[] = []
  let joins = 0
  const consumer = new RecordConsumer({
    kafka: testKafka(brokers),
    topics: [topic],
    groupId: 'sessions',
    fromBeginning: true,
    sessionTimeoutMs: sessionMs,
    commitIntervalMs: 50,
    log: silent,
    onAssigned: () => void joins++,
    onBatch: async ({ messages }, control) => {
      for (const { value } of messages) taken.push(String(value))
      if (taken.length === 1) await control.waitFor(room.promise)
    },
  })
  consumer.start()
  const producer = new GatheringProducer({ kafka: testKafka(brokers) })
  await producer.send({ topic, partition: 0, value: 'a' })
  await expect.poll(() => taken).toEqual(['a'])
  await producer.send({ topic, partition: 0, value: 'b' })
  await aSession(brokers, sessionMs)
  expect([taken, joins]).toEqual([['a'], 1])
  room.resolve()
  await expect.poll(() => taken).toEqual(['a', 'b'])
  expect(joins).toBe(1)
  await consumer.stop()
  await producer.stop()
  await broker.stop()
})

/** Resolves when the broker has ended a session of this length, of a member of another group that sends no heartbeat. */
async function aSession(brokers: string, sessionTimeoutMs: number): Promise<void> {
  const connection = await RawConnection.open(brokers)
  const request = { ...joining('silent'), sessionTimeoutMs }
  const given = await connection.ask(joinGroup, 5, request)
  if (given === CLOSED) throw new Error('the broker closed the connection')
  expect(await connection.ask(joinGroup, 5, { ...request, memberId: given.memberId })).toMatchObject({ errorCode: 0 })
  const members = async () => {
    const answer = await connection.ask(describeGroups, 4, { groups: ['silent'] })
    return answer === CLOSED ? undefined : answer.groups[0]?.members.length
  }
  expect(await members()).toBe(1)
  await expect.poll(members).toBe(0)
  connection.close()
}
