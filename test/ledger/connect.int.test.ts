import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { connectClient } from '../../src/ledger/connect.ts'
import { Pool } from '../../src/ledger/pool.ts'
import type { ClientConfig } from '../../src/postgres/pg-types.ts'
import { StandbyError } from '../../src/postgres/session.ts'
import { startPostgres, testDatabase, type TestDatabase } from '../support/postgres.ts'
import { startTcpGate, type TcpGate } from '../support/tcp-gate.ts'
import { silent } from './ledger-fixture.ts'

/** Beyond every limit of a test: what comes nevertheless did not wait for it. */
const PATIENT_MS = 600_000

let database: TestDatabase
let gate: TcpGate
let config: ClientConfig
beforeAll(async () => {
  database = await testDatabase()
})
afterAll(() => database.drop())
beforeEach(async () => {
  gate = await startTcpGate(database.config.port!)
  config = { ...database.config, port: gate.port, connectionTimeoutMillis: PATIENT_MS }
  return () => gate.close()
})

const answerOf = async (connecting: Promise<{ query: (text: string) => Promise<{ rows: unknown[] }>; end: () => Promise<void> }>) => {
  const client = await connecting
  const { rows } = await client.query('select 1 as one')
  await client.end()
  return rows
}

describe('a connection', () => {
  test('is established by a second attempt while the first one hangs', async () => {
    gate.let(number => (number === 0 ? 'silent' : 'through'))
    expect(await answerOf(connectClient(config, 'test'))).toEqual([{ one: 1 }])
    await expect.poll(gate.open).toBe(0) // the try that hung is ended, too
  })

  test('is established by the first attempt that is answered, no matter how many hung before', async () => {
    gate.let(number => (number < 3 ? 'silent' : 'through'))
    expect(await answerOf(connectClient(config, 'test'))).toEqual([{ one: 1 }])
  })

  test('waits for a slow server longer than the time between two attempts', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    gate.let(number => (number === 0 ? promise : 'silent'))
    const connecting = connectClient(config, 'test')
    await expect.poll(gate.accepted).toBeGreaterThan(2) // one further attempt timed out, and another started
    await expect.poll(gate.open).toBeLessThanOrEqual(3)
    resolve()
    expect(await answerOf(connecting)).toEqual([{ one: 1 }])
  })

  test('times out', async () => {
    gate.let(() => 'silent')
    await expect(connectClient({ ...config, connectionTimeoutMillis: 100 }, 'test')).rejects.toThrow('Postgres does not answer')
    await expect.poll(gate.open).toBe(0)
  })

  test('that is refused fails at once', async () => {
    const { port } = gate
    await gate.close()
    await expect(connectClient({ ...config, port }, 'test')).rejects.toThrow('ECONNREFUSED')
    gate = await startTcpGate(database.config.port!)
  })

  test('to a standby is refused, and succeeds after its promotion', { timeout: 60_000 }, async () => {
    const postgres = await startPostgres()
    try {
      const signal = join(postgres.dataDir, 'standby.signal')
      writeFileSync(signal, '')
      await postgres.restart()
      await expect(connectClient(postgres.config, 'test')).rejects.toThrow(StandbyError)
      rmSync(signal)
      await postgres.restart()
      expect(await answerOf(connectClient(postgres.config, 'test'))).toEqual([{ one: 1 }])
    } finally {
      await postgres.stop()
    }
  })
})

describe('a session', () => {
  test('has its own settings, no matter what the defaults of the database are', async () => {
    const name = config.database!
    const owner = await connectClient(config, 'test')
    for (const setting of [
      "default_transaction_isolation = 'serializable'",
      'enable_seqscan = on',
      'jit = on',
      "timezone = 'Europe/Rome'",
      "lock_timeout = '1s'",
      "statement_timeout = '2s'",
      'client_min_messages = error',
    ]) {
      await owner.query(`alter database ${name} set ${setting}`)
    }
    const client = await connectClient(config, 'ping-test', { statementTimeoutMs: 7_000 })
    const { rows } =
      await client.query(`select current_setting('default_transaction_isolation') as isolation, current_setting('enable_seqscan') as seqscan,
      current_setting('jit') as jit, current_setting('timezone') as timezone, current_setting('lock_timeout') as lock, current_setting('statement_timeout') as statement,
      current_setting('client_min_messages') as messages, current_setting('application_name') as name`)
    expect(rows).toEqual([
      {
        isolation: 'read committed',
        seqscan: 'off',
        jit: 'off',
        timezone: 'UTC',
        lock: '0',
        statement: '7s',
        messages: 'warning',
        name: 'ping-test',
      },
    ])
    await client.end()
    await owner.query(`alter database ${name} reset all`)
    await owner.end()
  })
})

describe('a pool', () => {
  const pool = (max: number, queryTimeoutMs = PATIENT_MS) => new Pool(config, { applicationName: 'test', max, log: silent, queryTimeoutMs })
  const one = { rows: [{ one: 1 }] }

  test('answers although its first connection attempt hangs', async () => {
    gate.let(number => (number === 0 ? 'silent' : 'through'))
    const reads = pool(1)
    expect(await reads.query('select 1 as one')).toMatchObject(one)
    await reads.end()
  })

  test('uses few connections for many queries, and reuses an idle one', async () => {
    const reads = pool(2)
    await Promise.all(Array.from({ length: 20 }, () => reads.query('select 1 as one')))
    await expect.poll(gate.open).toBe(2)
    expect(gate.accepted()).toBeLessThan(10) // on a busy machine, an attempt to connect may be made again
    await reads.end()
    await expect.poll(gate.open).toBe(0)
    await expect(reads.query('select 1 as one')).rejects.toThrow('the pool was ended')
  })

  test('drops all idle connections when one of them stops answering', async () => {
    const reads = pool(3, 1_000)
    // On a busy machine even these may take too long.
    const opened = () => Promise.allSettled(Array.from({ length: 3 }, () => reads.query('select pg_sleep(0.05)')))
    await expect.poll(async () => (await opened()).every(({ status }) => status === 'fulfilled')).toBe(true)
    gate.freeze()
    await expect(reads.query('select 1 as one')).rejects.toThrow('Query read timeout')
    const accepted = gate.accepted()
    await expect.poll(() => reads.query('select 1 as one').catch(() => undefined)).toMatchObject(one)
    expect(gate.accepted()).toBeGreaterThan(accepted)
    await reads.end()
  })

  test('keeps the others when Postgres answers with an error', async () => {
    const reads = pool(2)
    await Promise.all(Array.from({ length: 2 }, () => reads.query('select pg_sleep(0.05)')))
    const accepted = gate.accepted()
    await expect(reads.query('select 1 / 0')).rejects.toThrow('division by zero')
    expect(await reads.query('select 1 as one')).toMatchObject(one)
    expect(gate.accepted()).toBe(accepted)
    await reads.end()
  })

  test('serves the next waiting query after a connection attempt has failed', async () => {
    const reads = pool(1)
    const { port } = gate
    await gate.close()
    const outcomes = await Promise.allSettled([reads.query('select 1'), reads.query('select 1')])
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect((outcomes[1] as PromiseRejectedResult).reason).toMatchObject({ code: 'ECONNREFUSED', port })
    gate = await startTcpGate(database.config.port!)
    await reads.end()
  })
})
