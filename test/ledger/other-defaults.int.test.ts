import pg from 'pg'
import { expect, test } from 'vitest'
import { checkHeads, readHeads } from '../../src/ledger/heads.ts'
import { acceptsWrites } from '../../src/ledger/lanes.ts'
import { fold } from '../../src/ledger/positions.ts'
import { countRange } from '../../src/ledger/ranges.ts'
import { rowsAfter } from '../../src/ledger/rows-after.ts'
import { START, sumOfHeads } from '../../src/terms/position.ts'
import type { TestDatabase } from '../support/postgres.ts'
import { describeOnPostgres, numberingFaults, pingsAt, record, rowsOf, setUp, sql, withClient } from './ledger-fixture.ts'

const DEFAULTS = {
  bytea_output: 'escape',
  client_min_messages: 'error',
  datestyle: 'SQL, DMY',
  default_transaction_isolation: 'serializable',
  enable_indexscan: 'off',
  extra_float_digits: '-15',
  idle_in_transaction_session_timeout: '50ms',
  idle_session_timeout: '50ms',
  intervalstyle: 'postgres_verbose',
  lock_timeout: '1ms',
  plan_cache_mode: 'force_custom_plan',
  quote_all_identifiers: 'on',
  row_security: 'on',
  standard_conforming_strings: 'off',
  statement_timeout: '5ms',
  timezone: 'Asia/Kathmandu',
  transform_null_equals: 'on',
}

/**
 * They apply to a new connection until its first statement has set its own. On a machine that stands still in between, they end it:
 * then again.
 */
const IN_TIME = { retry: { count: 9, condition: /(idle-session|statement|lock|transaction) timeout|terminated unexpectedly/ } }

async function setDefaults(database: TestDatabase, defaults: Readonly<Record<string, string>>): Promise<void> {
  const name = pg.escapeIdentifier(database.config.database!)
  const isKnown = new Set((await rowsOf<{ name: string }>(database, 'select lower(name) as name from pg_settings')).map(row => row.name))
  await sql(
    database,
    ...Object.entries(defaults)
      .filter(([key]) => isKnown.has(key))
      .map(([key, value]) => `alter database ${name} set ${key} = '${value}'`),
  )
}

describeOnPostgres('the defaults of a database', database => {
  test('have no effect, before and after the set-up', IN_TIME, async () => {
    await setDefaults(database(), { ...DEFAULTS, transaction_timeout: '2s' })
    await setUp(database(), 2)
    await withClient(database(), async client => {
      const batch = await record(client, 0, pingsAt(-1, 0, 1_750_000_000_123n))
      await client.query('begin')
      await new Promise(resolve => setTimeout(resolve, 120)) // longer than they allow
      await client.query('commit')
      await fold(client, 0, 2)
      const heads = await readHeads(client)
      expect(sumOfHeads(heads)).toBe(3n)
      expect((await checkHeads(client, new Map([[0, { seq: 3n, tag: batch.tag }]])))[0]!.holds).toBe(true)
      expect(
        (await rowsAfter(client, new Map([[0, START]]), 10))
          .get(0)!
          .map(({ timestampMs }) => timestampMs)
          .sort(),
      ).toEqual([-1n, 0n, 1_750_000_000_123n].sort())
      expect(await countRange(client, -1n, 1n)).toBe(2n)
      expect(
        await client.query("select current_setting('transaction_timeout', true) as timeout").then(({ rows }) => rows[0].timeout ?? '0'),
      ).toBe('0')
    })
    expect(await numberingFaults(database())).toEqual([])
  })

  test('are respected if they make the database read-only', async () => {
    await setUp(database(), 1)
    await setDefaults(database(), { default_transaction_read_only: 'on' })
    await withClient(database(), async client => {
      expect(await acceptsWrites(client)).toBe(false)
      await expect(record(client, 0, pingsAt(1))).rejects.toMatchObject({ code: '25006' })
      expect(sumOfHeads(await readHeads(client))).toBe(0n)
    })
  })

  test('cannot hide rows: a row policy is an error, not a lower count', async () => {
    await setUp(database(), 1)
    await withClient(database(), client => record(client, 0, pingsAt(1)))
    await sql(database(), 'alter table pings enable row level security, force row level security')
    await withClient(database(), async client => {
      await expect(readHeads(client)).rejects.toThrow('query would be affected by row-level security policy for table "pings"')
      await expect(record(client, 0, pingsAt(1))).rejects.toThrow('row-level security policy')
    })
  })
})
