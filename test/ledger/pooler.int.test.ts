import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectClient } from '../../src/ledger/connect.ts'
import { Pool } from '../../src/ledger/pool.ts'
import { takeRelayLocks } from '../../src/ledger/relay-locks.ts'
import { processIdOf } from '../../src/postgres/connect.ts'
import { isStillRunning } from '../../src/postgres/is-still-running.ts'
import { classifySetUpFailure } from '../../src/postgres/set-up-failures.ts'
import { SettingsError } from '../../src/runtime/settings.ts'
import { ping, startRecorder } from '../recorder/recorder-fixture.ts'
import { startPgBouncer, type PoolMode, type TestPooler } from '../support/pgbouncer.ts'
import { testDatabase, type TestDatabase } from '../support/postgres.ts'
import { can } from '../support/tiers.ts'
import { setUp, silent } from './ledger-fixture.ts'

describe.runIf(can('pgbouncer'))('with PgBouncer in front of Postgres', () => {
  let database: TestDatabase
  beforeAll(async () => {
    database = await testDatabase()
  })
  afterAll(() => database.drop())
  const through = ({ port }: TestPooler) => ({ ...database.config, port })
  async function withPooler<T>(
    mode: PoolMode,
    use: (pooler: TestPooler) => Promise<T>,
    settings?: Readonly<Record<string, string>>,
  ): Promise<T> {
    const pooler = await startPgBouncer(database.config.port!, mode, settings)
    try {
      return await use(pooler)
    } finally {
      await pooler.stop()
    }
  }

  describe('in session mode', () => {
    let pooler: TestPooler
    beforeAll(async () => {
      pooler = await startPgBouncer(database.config.port!, 'session')
      await setUp({ ...database, config: through(pooler) }, 2)
    })
    afterAll(() => pooler.stop())

    test('sessions keep their settings, which the start packet cannot carry, and their locks', async () => {
      const config = through(pooler)
      const [client, other] = [
        await connectClient(config, 'ping-test', { statementTimeoutMs: 7_000 }),
        await connectClient(config, 'ping-test'),
      ]
      const { rows } =
        await client.query(`select current_setting('enable_seqscan') as seqscan, current_setting('statement_timeout') as statement,
        current_setting('application_name') as name, current_setting('timezone') as timezone, pg_backend_pid() as pid`)
      expect(rows).toEqual([{ seqscan: 'off', statement: '7s', name: 'ping-test', timezone: 'UTC', pid: processIdOf(client) }])
      expect([await takeRelayLocks(client, [0, 1]), await takeRelayLocks(other, [0, 1])]).toEqual([[0, 1], []])
      await Promise.all([client.end(), other.end()])
    })

    test('pings are recorded, and a running batch is found', async () => {
      const { recorder, batches } = startRecorder(through(pooler))
      await recorder.record(ping())
      expect(batches).toHaveLength(1)
      await recorder.stop()
      const client = await connectClient(through(pooler), 'ping-test')
      const working = client.query('select pg_sleep(60)').catch(() => 'ended')
      await expect.poll(() => isStillRunning(through(pooler), client, 'ping-test')).toBe(true)
      await client.end()
      expect(await working).toBe('ended')
    })

    test('works with the number of connections that the pooler has, and needs no more', async () => {
      await withPooler(
        'session',
        async small => {
          const clients = [await connectClient(through(small), 'ping-test'), await connectClient(through(small), 'ping-test')]
          await Promise.all(clients.map(client => client.end()))
        },
        { default_pool_size: '2' },
      )
    })
  })

  test.each<PoolMode>(['transaction', 'statement'])(
    'in %s mode a connection is refused with an error that says what to do, and is not retried',
    async mode => {
      await withPooler(mode, async pooler => {
        const refusal = await connectClient(through(pooler), 'ping-test').catch((error: unknown) => error)
        expect(refusal).toBeInstanceOf(SettingsError)
        expect((refusal as Error).message).toMatch(
          /^DATABASE_URL or DB_HOST: got a connection pooler .* expected session mode \(PgBouncer: pool_mode = session\)/,
        )
        expect(classifySetUpFailure(refusal)).toBe('final')
        const reads = new Pool(through(pooler), { applicationName: 'ping-test', max: 2, log: silent })
        await expect(reads.query('select 1')).rejects.toThrow(SettingsError)
        await reads.end()
      })
    },
  )

  test('in transaction mode a connection is refused even while others use the pooler', async () => {
    await withPooler('transaction', async pooler => {
      const others = await Promise.all(
        Array.from({ length: 4 }, async (_, index) => {
          const client = new pg.Client(through(pooler))
          await client.connect()
          return { client, index }
        }),
      )
      let isBusy = true
      const busy = others.map(async ({ client }) => {
        while (isBusy) await client.query('select pg_sleep(0.002)')
        await client.end()
      })
      for (let turn = 0; turn < 5; turn++) await expect(connectClient(through(pooler), 'ping-test')).rejects.toThrow(SettingsError)
      isBusy = false
      await Promise.all(busy)
    })
  })
})
