import pg from 'pg'
import { expect, test } from 'vitest'
import { readHeads } from '../../src/ledger/heads.ts'
import { fold, movePublished, readPositions } from '../../src/ledger/positions.ts'
import { countRange } from '../../src/ledger/ranges.ts'
import { sumOfHeads } from '../../src/terms/position.ts'
import type { TestDatabase } from '../support/postgres.ts'
import { describeOnPostgres, numberingFaults, ORIGINAL_TABLE, pingsAt, record, rowsOf, setUp, sql, withClient } from './ledger-fixture.ts'

const ALL = [-(2n ** 63n), 2n ** 63n - 1n] as const
const ONE = (table: string) => `insert into ${table} (id, pinged_at) values (gen_random_uuid(), now())`
const nameOf = (database: TestDatabase) => pg.escapeIdentifier(database.config.database!)
const tables =
  "select schemaname as schema from pg_tables where tablename in ('pings', 'ping_lanes') and schemaname not like 'pg\\_temp%' order by 1"

/** Records, counts, folds and publishes, all on one session. */
async function work(database: TestDatabase): Promise<bigint> {
  return withClient(database, async client => {
    const batch = await record(client, 0, pingsAt(1, 2))
    await fold(client, 0, 100)
    const published = (await readPositions(client))[0]!.published
    expect(await movePublished(client, [{ lane: 0, from: published, to: { seq: batch.before.seq + 2n, tag: batch.tag } }])).toEqual(
      new Set([0]),
    )
    const total = sumOfHeads(await readHeads(client))
    expect(await countRange(client, ...ALL)).toBe(total)
    return total
  })
}

describeOnPostgres('Ping’s tables', database => {
  test.each([
    ['the database', 'another schema', (name: string) => [`create schema elsewhere; alter database ${name} set search_path = elsewhere`]],
    ['the database', 'none that is there', (name: string) => [`alter database ${name} set search_path = nowhere`]],
    ['the database', 'nothing', (name: string) => [`alter database ${name} set search_path = ''`]],
    [
      'the role',
      'another schema',
      (name: string) => [`create schema elsewhere; alter role ping in database ${name} set search_path = elsewhere, public`],
    ],
  ])('are found if the search_path of %s is set to %s later', async (_, __, statements) => {
    await setUp(database(), 2)
    expect(await work(database())).toBe(2n)
    await sql(database(), ...statements(nameOf(database())))
    await setUp(database(), 2)
    expect(await work(database())).toBe(4n)
    expect(await rowsOf(database(), tables)).toEqual([{ schema: 'public' }, { schema: 'public' }])
  })

  test('are created in the schema that the search_path leads to, and found there', async () => {
    await sql(database(), `create schema "Odd one"; alter database ${nameOf(database())} set search_path = "Odd one"`)
    await setUp(database(), 2)
    await sql(database(), `alter database ${nameOf(database())} reset search_path`)
    await setUp(database(), 2)
    expect(await work(database())).toBe(2n)
    await sql(database(), ONE('"Odd one".pings'))
    expect(await rowsOf(database(), tables)).toEqual([{ schema: 'Odd one' }, { schema: 'Odd one' }])
  })

  test('are created in the schema of the original table, even if there is a schema named like the user', async () => {
    await sql(database(), ORIGINAL_TABLE, ONE('pings'), 'create schema ping')
    await setUp(database(), 2)
    expect(await work(database())).toBe(3n)
    expect(await rowsOf(database(), tables)).toEqual([{ schema: 'public' }, { schema: 'public' }])
  })

  test('are created in public if the search_path leads to no schema', async () => {
    await sql(database(), `alter database ${nameOf(database())} set search_path = nowhere`)
    await setUp(database(), 2)
    expect(await work(database())).toBe(2n)
  })

  test('are those in the search_path if several schemas have them', async () => {
    await setUp(database(), 2)
    await sql(database(), `create schema other; alter database ${nameOf(database())} set search_path = other`)
    await sql(
      database(),
      'create table other.ping_migrations (version int primary key, file text not null, applied_at timestamptz not null default now())',
    )
    await setUp(database(), 3)
    expect(await work(database())).toBe(2n)
    expect(await rowsOf(database(), tables)).toEqual(['other', 'other', 'public', 'public'].map(schema => ({ schema })))
  })

  test('accept rows by hand from a session whose temporary tables or schemas have the same names', async () => {
    await setUp(database(), 1)
    await withClient(database(), async hand => {
      await hand.query("set search_path = ''")
      await hand.query(ONE('public.pings'))
      await hand.query('set search_path to default')
      await hand.query('create temp table pings as select * from public.pings; update pg_temp.pings set seq = 100')
      await hand.query('create temp table ping_lanes as select 7 as lane')
      await hand.query(ONE('public.pings'))
      await hand.query('select public.ping_record($1, $2, $3)', [[0], ['00000000-0000-4000-8000-000000000001'], [1]])
      await hand.query('select public.ping_fold(0, 100)')
    })
    expect(await withClient(database(), async client => [sumOfHeads(await readHeads(client)), await countRange(client, ...ALL)])).toEqual([
      3n,
      3n,
    ])
    expect(await numberingFaults(database())).toEqual([])
  })
})
