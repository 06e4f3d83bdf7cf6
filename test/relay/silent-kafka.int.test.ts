import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Broker } from '../../broker/broker.ts'
import { freePort } from '../../local/launch/free-port.ts'
import { MAX_QUEUED } from '../../src/relay/held-lanes.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { rowsOf, setUp } from '../ledger/ledger-fixture.ts'
import { ping, startRecorder, type TestRecorder } from '../recorder/recorder-fixture.ts'
import { uniqueName } from '../support/kafka.ts'
import { testDatabase, type TestDatabase } from '../support/postgres.ts'
import { startTcpGate, type TcpGate } from '../support/tcp-gate.ts'
import { createPublisher, createRelay, untilSettled, type TestRelay } from './relay-fixture.ts'

const LANES = 4
/** No hand-over is that late: after one that is, a lane waits for a read from Postgres, which waits for Kafka. */
const POLL_MS = 6_000

describe('a Kafka that accepts connections and answers nothing', () => {
  let broker: Broker
  let gate: TcpGate
  let database: TestDatabase
  let relay: TestRelay
  let recorder: TestRecorder

  beforeEach(async () => {
    const port = await freePort()
    gate = await startTcpGate(port)
    const config = {
      listeners: `PLAINTEXT://127.0.0.1:${port}`,
      'advertised.listeners': `PLAINTEXT://127.0.0.1:${gate.port}`,
      storage: 'memory' as const,
    }
    broker = await Broker.start({ config, log: createLogger({ name: 'broker', level: 'silent' }) })
    database = await testDatabase()
    await setUp(database, LANES)
    relay = createRelay(database.config, createPublisher(`127.0.0.1:${gate.port}`, uniqueName('silent')), { pollMs: POLL_MS })
    recorder = startRecorder(database.config, { preferredLanes: () => relay.relay.lanes, onRecorded: batch => relay.relay.offer(batch) })
  })
  afterEach(async () => {
    await gate.close()
    await recorder.recorder.stop()
    await relay.relay.stop()
    await broker.stop()
    await database.drop()
  })

  const record = (pings: number) => Promise.all(Array.from({ length: pings }, () => recorder.recorder.record(ping())))
  const sums = () => rowsOf(database, 'select sum(published_seq)::int as published, sum(folded_seq)::int as folded from ping_lanes')

  test('prevents no ping from being recorded and folded, and costs no more memory than the limit', { timeout: 180_000 }, async () => {
    relay.relay.start()
    await expect.poll(() => relay.relay.lanes.length).toBe(LANES)
    await record(100)
    await untilSettled(database, 60_000)
    gate.let(() => 'silent')
    gate.freeze()
    const max = { queued: 0 }
    for (let round = 0; round < 30; round++) {
      await record(1_000) // each is acked, or this rejects
      max.queued = Math.max(max.queued, relay.relay.queued)
    }
    expect(max.queued).toBeGreaterThan(MAX_QUEUED / 2) // it was kept for Kafka
    expect(max.queued).toBeLessThanOrEqual(MAX_QUEUED)
    await expect.poll(sums, { timeout: 60_000 }).toEqual([{ published: 100, folded: 30_100 }])
    expect(relay.relay.queued).toBeLessThanOrEqual(MAX_QUEUED)
  })
})
