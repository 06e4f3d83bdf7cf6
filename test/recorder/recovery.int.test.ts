import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { ClientConfig } from '../../src/postgres/pg-types.ts'
import { setUp } from '../ledger/ledger-fixture.ts'
import { testDatabase, type TestDatabase } from '../support/postgres.ts'
import { startTcpGate, type TcpGate } from '../support/tcp-gate.ts'
import { ping, startRecorder } from './recorder-fixture.ts'

/** Longer than any test may take: whatever happens earlier did not wait for this time-out. */
const NEVER_MS = 600_000

describe('a recorder whose network to Postgres stops answering', () => {
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
    config = { ...database.config, port: gate.port, connectionTimeoutMillis: NEVER_MS }
    return () => gate.close()
  })

  test('acknowledges as soon as Postgres answers a new connection, although the first ones hang', async () => {
    gate.let(() => 'silent')
    const { recorder } = startRecorder(config)
    const recorded = [recorder.record(ping()), recorder.record(ping())]
    await expect.poll(gate.accepted).toBeGreaterThan(0)
    gate.let(() => 'through')
    await Promise.all(recorded)
    await recorder.stop()
  })

  test('replaces an idle connection that does not answer before the next ping uses it', async () => {
    const { recorder, retries } = startRecorder(config)
    await expect.poll(() => recorder.isReady()).toBe(true)
    gate.freeze()
    expect(await recorder.isReady()).toBe(false)
    await expect.poll(() => recorder.isReady()).toBe(true)
    await recorder.record(ping())
    expect(retries()).toBe(0)
    await recorder.stop()
  })

  test('retries a batch once Postgres no longer works on it, and not earlier', async () => {
    const { recorder, retries, batches } = startRecorder(config, { checkAfterMs: 100 })
    await recorder.record(ping())
    gate.freeze()
    gate.let(() => 'silent')
    const recorded = recorder.record(ping())
    await expect.poll(gate.accepted).toBeGreaterThan(3) // checks without a result
    expect(retries()).toBe(0)
    gate.let(() => 'through')
    await recorded
    // On a machine that stands still the answer to the retry may be late as well: then the batch is sent again, and changes nothing.
    expect(retries()).toBeGreaterThanOrEqual(1)
    expect(batches.map(({ inserted }) => inserted.length).filter(Boolean)).toEqual([1, 1])
    await recorder.stop()
  })
})
