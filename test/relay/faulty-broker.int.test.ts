import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Broker } from '../../broker/broker.ts'
import type { Fault } from '../../broker/faults/faults.ts'
import { freePort } from '../../local/launch/free-port.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { setUp } from '../ledger/ledger-fixture.ts'
import { ping, startRecorder, type TestRecorder } from '../recorder/recorder-fixture.ts'
import { firstOrAll } from '../support/depth.ts'
import { uniqueName } from '../support/kafka.ts'
import { testDatabase, type TestDatabase } from '../support/postgres.ts'
import { createPublisher, createRelay, expectPublished, untilSettled, type TestRelay } from './relay-fixture.ts'

const LANES = 4
const NOT_LEADER = 6
const STORAGE_ERROR = 56
const OUT_OF_ORDER = 45
const FAULTS: readonly Fault[] = [
  { kind: 'close' },
  { kind: 'error', code: NOT_LEADER },
  { kind: 'delay', ms: 300 },
  { kind: 'drop' },
  { kind: 'refuse' },
  { kind: 'error', code: STORAGE_ERROR },
  { kind: 'error', code: OUT_OF_ORDER },
]

/** Whatever a broker does to the relay, every row ends up in the topic, and each lane can be followed. */
describe('a relay to a faulty broker', () => {
  let broker: Broker
  let brokers: string
  let database: TestDatabase
  let topic: string
  let relay: TestRelay
  let recorder: TestRecorder
  const log = createLogger({ name: 'broker', level: 'silent' })

  beforeAll(async () => {
    const port = await freePort()
    brokers = `127.0.0.1:${port}`
    broker = await Broker.start({ config: { listeners: `PLAINTEXT://${brokers}`, storage: 'memory' }, log })
  })
  afterAll(() => broker.stop())
  beforeEach(async () => {
    topic = uniqueName('faulty')
    database = await testDatabase()
    await setUp(database, LANES)
    relay = createRelay(database.config, createPublisher(brokers, topic))
    recorder = startRecorder(database.config, { onRecorded: batch => relay.relay.offer(batch) })
    relay.relay.start()
  })
  afterEach(async () => {
    await recorder.recorder.stop()
    await relay.relay.stop()
    await database.drop()
  })
  const record = async (pings: number) => {
    await Promise.all(Array.from({ length: pings }, () => recorder.recorder.record(ping())))
  }

  test.each(firstOrAll(FAULTS, 3))('loses no row to the fault $kind $code', { timeout: 180_000 }, async fault => {
    await record(10)
    await untilSettled(database)
    // An answer that never comes is waited for, 10 s.
    for (const skip of fault.kind === 'drop' ? [1] : [0, 1, 3]) broker.faults.plan('Produce', fault, { skip })
    while (broker.faults.pending > 0) await record(5)
    await untilSettled(database, 60_000)
    await expectPublished(database, brokers, topic)
  })

  test.each(firstOrAll(['Metadata', 'InitProducerId', 'ApiVersions']))(
    'starts although the first %s requests fail',
    { timeout: 180_000 },
    async api => {
      await relay.relay.stop()
      for (const kind of ['refuse', 'close'] as const) broker.faults.plan(api, { kind })
      relay = createRelay(database.config, createPublisher(brokers, topic))
      relay.relay.start()
      await record(20)
      await untilSettled(database, 60_000)
      await expectPublished(database, brokers, topic)
      expect(broker.faults.pending).toBe(0)
    },
  )
})
