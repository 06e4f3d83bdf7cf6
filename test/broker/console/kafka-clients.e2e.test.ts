import { CompressionTypes, Kafka, logLevel } from 'kafkajs'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Broker } from '../../../broker/broker.ts'
import { LineClient } from './line-client.ts'
import { until } from './until.ts'

/** Longer than the test waits, and shorter than a session, since kafkajs sends no heartbeat meanwhile. */
const LONG_POLL_MS = 28_000
const SHORT_POLL_MS = 200

vi.setConfig({ testTimeout: 120_000 })

let broker: Broker
let kafka: Kafka
let client: LineClient
let cleanUp: (() => Promise<void>)[]

beforeEach(async () => {
  broker = await Broker.start({ config: { storage: 'memory', listeners: 'PLAINTEXT://127.0.0.1:0', 'line.console.port': 0 } })
  kafka = new Kafka({ brokers: [`127.0.0.1:${broker.port}`], logLevel: logLevel.NOTHING })
  client = await LineClient.connect(broker.consolePort!)
  cleanUp = []
})

afterEach(async () => {
  for (const clean of cleanUp.toReversed()) await clean()
  client.cut()
  await broker.stop()
})

async function consume(
  groupId: string,
  topic: string,
  maxWaitTimeInMs: number,
): Promise<{ readonly values: string[]; polls(): number; stop(): Promise<void> }> {
  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs })
  const values: string[] = []
  let polls = 0
  consumer.on(consumer.events.FETCH_START, () => {
    polls++
  })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  const joined = new Promise(resolve => consumer.on(consumer.events.GROUP_JOIN, resolve))
  await consumer.run({ eachMessage: async ({ message }) => void values.push(String(message.value)) })
  await joined
  const stop = (): Promise<void> => consumer.disconnect()
  cleanUp.push(stop)
  return { values, polls: () => polls, stop }
}

test('a message from p reaches a waiting Kafka consumer at once', async () => {
  await client.ask('pfirst')
  const { values, polls, stop } = await consume('readers', 'lines', LONG_POLL_MS)
  await until(() => values.length === 1)
  const before = polls()
  await until(() => polls() > before)
  for (let count = 0; count < 20; count++) await client.ask('?')
  await client.ask('pGrüße, 世界 🎉')
  await until(() => values.length === 2)
  expect(values).toEqual(['first', 'Grüße, 世界 🎉'])
  // The consumer does not end before its poll.
  await Promise.all([stop(), client.ask('plast')])
})

test('c reads the messages of a Kafka producer in order, compressed ones too', async () => {
  const producer = kafka.producer()
  await producer.connect()
  cleanUp.push(() => producer.disconnect())
  await producer.send({
    topic: 'orders',
    messages: [
      { key: 'k', value: 'one' },
      { key: 'k', value: 'two' },
    ],
  })
  await producer.send({
    topic: 'orders',
    compression: CompressionTypes.GZIP,
    messages: [
      { key: 'k', value: 'three' },
      { key: 'k', value: null },
      { key: 'k', value: 'a\nb' },
    ],
  })
  client.send('c@orders\n'.repeat(6))
  expect(await client.lines(6)).toEqual(['one', 'two', 'three', '\\null', '\\text "a\\nb"', '\\empty'])
})

test('a group is read by the console or by Kafka clients, never by both at once', async () => {
  for (const text of ['one', 'two', 'three']) await client.ask(`p${text}`)
  expect(await client.ask('c@lines team')).toBe('one')
  await client.ask('?')
  const { values, stop } = await consume('team', 'lines', SHORT_POLL_MS)
  await until(() => values.length === 2)
  expect(values).toEqual(['two', 'three'])
  expect(await client.ask('c@lines team')).toMatch(/^\\error group: got "team", which has Kafka clients as members/)
  await stop()
  await client.ask('pfour')
  expect(await client.ask('c@lines team')).toBe('four')
  await client.ask('?')
  const admin = kafka.admin()
  await admin.connect()
  cleanUp.push(() => admin.disconnect())
  expect(await admin.fetchOffsets({ groupId: 'team', topics: ['lines'] })).toMatchObject([{ partitions: [{ partition: 0, offset: '4' }] }])
})
