import { beforeAll, describe, expect, test, vi } from 'vitest'
import { Broker } from '../../broker/broker.ts'
import { createKafka, ensureTopic } from '../../src/kafka/kafka.ts'
import { wait } from '../../src/runtime/wait.ts'
import { silent } from '../ledger/ledger-fixture.ts'
import { settingsFor } from '../relay/relay-fixture.ts'
import { kafkaKinds, sharedKafka, uniqueName } from '../support/kafka.ts'
import { POLL_MS, shorterThan } from './kafka-fixture.ts'

describe('a client of Kafka', () => {
  test('reaches a broker at an IPv6 address', async () => {
    const broker = await Broker.start({ config: { listeners: 'PLAINTEXT://[::1]:0', storage: 'memory' } })
    const settings = settingsFor(`[::1]:${broker.port}`, uniqueName('six'))
    expect(await ensureTopic(createKafka(settings, 'test', silent), settings.kafkaTopic, settings)).toBe(3)
    await broker.stop()
  })
})

describe.each(kafkaKinds())('a client of Kafka (%s)', kind => {
  let brokers: string
  beforeAll(async () => {
    brokers = await sharedKafka(kind)
  })

  test('creates a missing topic once among concurrent clients, and leaves an existing topic unchanged', async () => {
    const topic = uniqueName('ensure')
    const settings = settingsFor(brokers, topic)
    const kafka = createKafka(settings, 'test', silent)
    expect(await Promise.all([1, 2, 3].map(() => ensureTopic(kafka, topic, settings)))).toEqual([3, 3, 3])
    expect(await ensureTopic(kafka, topic, { ...settings, kafkaTopicPartitions: 7 })).toBe(3)
  })

  test('uses almost no CPU on an idle connection', async () => {
    const intervals = vi.spyOn(globalThis, 'setInterval')
    const admin = createKafka(settingsFor(brokers, 'any'), 'test', silent).admin()
    await admin.connect()
    await admin.listTopics()
    const timers = vi.spyOn(globalThis, 'setTimeout')
    await wait(500) // a timer that was due earlier has fired by then
    const idle = [shorterThan(POLL_MS, timers), intervals.mock.calls.length]
    vi.restoreAllMocks()
    await admin.listTopics() // it still works
    await admin.disconnect()
    expect(idle).toEqual([0, 0]) // kafkajs: one each millisecond, and one of 100 ms for each connection
  })
})
