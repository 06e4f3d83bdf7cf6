import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { ClientConfig } from '../../src/ledger/pg-types.ts'
import { setUp } from '../ledger/ledger-fixture.ts'
import { testDatabase, type TestDatabase } from '../support/postgres.ts'
import { startTcpGate, type TcpGate } from '../support/tcp-gate.ts'
import { ping, startRecorder } from './recorder-fixture.ts'

/** Beyond every limit of a test: what comes nevertheless did not wait for it. */
const PATIENT_MS = 600_000

describe('a recorder whose way to Postgres goes silent', () => {
  let database: TestDatabase
  let gate: TcpGate
  let config: ClientConfig
  beforeAll(async () => {
    database = await testDatabase()
    await setUp(database, 4)
  })
  afterAll(() => database.drop())
  beforeEach(async () => {
    gate = await startTcpGate(database.config.port!)
    config = { ...database.config, port: gate.port, connectionTimeoutMillis: PATIENT_MS }
    return () => gate.close()
  })

  test('acknowledges as soon as a connection is answered, though the first ones hang', async () => {
    gate.let(() => 'silent')
    const { recorder } = startRecorder(config)
    const recorded = [recorder.record(ping()), recorder.record(ping())]
    await expect.poll(gate.accepted).toBeGreaterThan(0)
    gate.let(() => 'through')
    await Promise.all(recorded)
    await recorder.stop()
  })

  test('replaces an idle connection that is silent, so that the next ping does not meet it', async () => {
    const { recorder, retries } = startRecorder(config)
    expect(await recorder.isReady()).toBe(true)
    gate.freeze()
    expect(await recorder.isReady()).toBe(false)
    await expect.poll(() => recorder.isReady(), { timeout: 15_000 }).toBe(true)
    await recorder.record(ping())
    expect(retries()).toBe(0)
    await recorder.stop()
  })

  test('sends a batch again whose answer cannot come any more, and does not before', async () => {
    const { recorder, retries, batches } = startRecorder(config, { lookAfterMs: 100 })
    await recorder.record(ping())
    gate.freeze()
    gate.let(() => 'silent')
    const recorded = recorder.record(ping())
    await expect.poll(gate.accepted, { timeout: 10_000 }).toBeGreaterThan(3) // looks that learned nothing
    expect(retries()).toBe(0)
    gate.let(() => 'through')
    await recorded
    expect([retries(), batches.length]).toEqual([1, 2])
    await recorder.stop()
  })
})
