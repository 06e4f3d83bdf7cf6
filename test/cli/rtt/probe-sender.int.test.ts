import { afterEach, beforeEach, expect, test } from 'vitest'
import { ProbeSender } from '../../../src/cli/rtt/probe-sender.ts'
import { createTopic, readTopic, testKafka } from '../../kafka/kafka-fixture.ts'
import { startKafka, type TestKafka } from '../../support/kafka.ts'
import { startLosingProxy } from '../../support/losing-proxy.ts'

let kafka: TestKafka
let topic: string
let stops: (() => Promise<void>)[]

beforeEach(async () => {
  kafka = await startKafka()
  topic = await createTopic(kafka.brokers, 'ping')
  stops = []
})
afterEach(async () => {
  for (const stop of stops.toReversed()) await stop()
  await kafka.stop()
})

async function startSender(brokers: string, retryMs: number): Promise<ProbeSender> {
  const sender = new ProbeSender({ kafka: testKafka(brokers), acks: -1, topic, retryMs, trouble: () => undefined })
  stops.push(() => sender.stop())
  await sender.start()
  return sender
}

const record = (value: string) => ({ topic, partition: 0, key: 'key', value, headers: {} })
const written = async (): Promise<readonly string[]> => (await readTopic(kafka.brokers, topic)).map(({ message }) => String(message.value))

test('a probe whose ack is lost is not written again: it may be in the topic, and it is there once', async () => {
  const proxy = await startLosingProxy(kafka.port)
  stops.push(() => proxy.close())
  const sender = await startSender(proxy.brokers, 5_000)
  expect(await sender.send(record('first'))).toBe('acked')
  proxy.lose(() => proxy.lost < 1)
  expect(await sender.send(record('lost'))).toMatchObject({ kind: 'unknown' })
  expect(await sender.send(record('next'))).toBe('acked')
  expect(await written()).toEqual(['first', 'lost', 'next'])
})

test('a probe that no broker took in time is refused, and is not written later', async () => {
  const sender = await startSender(kafka.brokers, 400)
  await expect.poll(() => sender.send(record('first'))).toBe('acked') // a busy machine may need longer than it may take
  await kafka.kill9()
  expect(await sender.send(record('refused'))).toMatchObject({ kind: 'refused' })
  await kafka.restart()
  await expect.poll(() => sender.send(record('next'))).toBe('acked')
  expect((await written()).filter(value => !['first', 'next'].includes(value))).toEqual([])
})
