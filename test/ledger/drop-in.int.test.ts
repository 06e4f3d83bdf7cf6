import { readdirSync } from 'node:fs'
import { expect, test, vi } from 'vitest'
import { readHeads } from '../../src/ledger/heads.ts'
import { migrate } from '../../src/ledger/migrate.ts'
import { readPositions } from '../../src/ledger/positions.ts'
import { countRange } from '../../src/ledger/ranges.ts'
import { SettingsError } from '../../src/runtime/settings.ts'
import { sumOfHeads } from '../../src/terms/position.ts'
import {
  describeOnEachPostgres,
  numberingFaults,
  ORIGINAL_TABLE,
  pingsAt,
  record,
  rowsOf,
  setUp,
  silent,
  sql,
  withClient,
} from './ledger-fixture.ts'

const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n
const ROWS = `insert into pings select gen_random_uuid(), t from unnest(array[
  '1970-01-01 00:00:00+00', '1969-12-31 23:59:59.9999+00', '1969-12-31 23:59:00+00', '0001-01-01 00:00:00+00', '4713-01-01 00:00:00+00 BC',
  '9999-12-31 23:59:59.999999+00', '294276-12-31 23:59:59.999999+00', '2024-02-29 12:00:00.0004+00', '2024-02-29 12:00:59.999999+00', '2024-02-29 12:01:00+00'
]::timestamptz[]) as t`

/** A migration waits 1.5 s for a lock. If this process stands still for longer, the test has missed it, and gets another. */
const LOCK_IN_TIME = { retry: { count: 5, condition: /lock timeout/ } }

/** Resolves when this many sessions wait for a lock on the table. */
async function waitingLocks(database: Parameters<typeof rowsOf>[0], sessions: number): Promise<void> {
  const query = "select count(*) as sessions from pg_locks where relation = 'pings'::regclass and not granted"
  await vi.waitFor(async () => expect(await rowsOf(database, query)).toEqual([{ sessions: BigInt(sessions) }]), { timeout: 20_000 })
}

describeOnEachPostgres('a database of the original service', database => {
  test('has its rows numbered, counted and marked as published and folded, and its columns unchanged', async () => {
    await sql(
      database(),
      ORIGINAL_TABLE,
      ROWS,
      "insert into pings select gen_random_uuid(), now() - n * interval '7 s' from generate_series(1, 90) n",
    )
    const before = await rowsOf(database(), 'select id, pinged_at::text from pings order by id')
    await setUp(database(), 8)
    expect(await rowsOf(database(), 'select id, pinged_at::text from pings order by id')).toEqual(before)
    expect(await numberingFaults(database())).toEqual([])
    await withClient(database(), async client => {
      const heads = await readHeads(client)
      expect(heads.map(({ lane }) => lane)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
      expect(heads.filter(({ seq }) => seq < 12n)).toEqual([]) // dealt out evenly
      expect(sumOfHeads(heads)).toBe(100n)
      const positions = await readPositions(client)
      expect(positions.map(({ published }) => published)).toEqual(heads.map(({ seq, tag }) => ({ seq, tag })))
      expect(positions.map(({ folded }) => folded)).toEqual(heads.map(({ seq, tag }) => ({ seq, tag })))
      expect(await countRange(client, INT64_MIN, INT64_MAX)).toBe(100n)
      expect(await countRange(client, -60_000n, 0n)).toBe(2n) // 23:59:00 and 23:59:59.9999 on the last day of 1969
      expect(await countRange(client, -1n, 0n)).toBe(1n)
      const rollup = await client.query('select sum(count)::bigint as pings from ping_minutes')
      expect(rollup.rows[0].pings).toBe(100n)
    })
    const tags = await rowsOf<{ tags: bigint }>(database(), 'select count(distinct tag) as tags from pings group by lane')
    expect(tags.map(row => row.tags)).toEqual(Array.from({ length: 8 }, () => 1n))
  })

  test('accepts pings after the migration', async () => {
    await sql(database(), ORIGINAL_TABLE, ROWS)
    await setUp(database(), 4)
    await withClient(database(), async client => {
      const batch = await record(client, 1, pingsAt(1, 2, 3))
      expect(batch.before.seq).toBe(3n)
      expect(sumOfHeads(await readHeads(client))).toBe(13n)
    })
    expect(await numberingFaults(database())).toEqual([])
  })

  test(
    'numbers the rows that an old server inserts during the migration: they wait, then the trigger numbers them',
    LOCK_IN_TIME,
    async () => {
      await sql(database(), ORIGINAL_TABLE, ROWS)
      await withClient(database(), async holder => {
        await holder.query('begin; lock table pings in row exclusive mode')
        const migrated = setUp(database(), 2)
        await Promise.race([waitingLocks(database(), 1), migrated])
        const inserted = sql(database(), 'insert into pings values (gen_random_uuid(), now())')
        await Promise.race([waitingLocks(database(), 2), migrated])
        await holder.query('commit')
        await Promise.all([migrated, inserted])
      })
      expect(await numberingFaults(database())).toEqual([])
      expect(sumOfHeads(await withClient(database(), readHeads))).toBe(11n)
    },
  )

  test('may lack the primary key: afterwards ids are unique', async () => {
    await sql(database(), 'create table pings (id uuid, pinged_at timestamptz)', ROWS)
    await setUp(database(), 2)
    await withClient(database(), async client => {
      expect(sumOfHeads(await readHeads(client))).toBe(10n)
      await expect(client.query('insert into pings select id, now() from pings limit 1')).rejects.toThrow(/unique/)
    })
  })

  test.each([
    [
      'null ids',
      'insert into pings values (null, now())',
      /1 of them have no id, or no finite pinged_at.*select \* from pings where id is null/,
    ],
    ['null times', 'insert into pings values (gen_random_uuid(), null)', /1 of them have no id, or no finite pinged_at/],
    [
      'infinite times',
      "insert into pings values (gen_random_uuid(), 'infinity'), (gen_random_uuid(), '-infinity')",
      /2 of them have no id, or no finite pinged_at/,
    ],
    ['repeated ids', 'insert into pings select id, now() from pings', /10 of them repeat the id of another row.*having count/],
  ])('is refused and left unchanged, with a query that shows the fault: %s', async (_, fault, message) => {
    await sql(database(), 'create table pings (id uuid, pinged_at timestamptz)', ROWS, fault)
    await expect(setUp(database(), 2)).rejects.toThrow(message)
    const tables = await rowsOf<{ name: string }>(
      database(),
      "select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' order by 1",
    )
    expect(tables.map(({ name }) => name)).toEqual(['ping_migrations', 'pings'])
    const columns = await rowsOf<{ name: string }>(
      database(),
      "select attname as name from pg_attribute where attrelid = 'pings'::regclass and attnum > 0",
    )
    expect(columns.map(({ name }) => name)).toEqual(['id', 'pinged_at'])
  })

  test('is set up once by two concurrent migrators', async () => {
    await sql(database(), ORIGINAL_TABLE, ROWS)
    await Promise.all([setUp(database(), 4), setUp(database(), 4), setUp(database(), 4)])
    await withClient(database(), async client => expect(sumOfHeads(await readHeads(client))).toBe(10n))
    const versions = (await rowsOf<{ version: number }>(database(), 'select version from ping_migrations order by 1')).map(
      ({ version }) => version,
    )
    const files = readdirSync(new URL('../../src/ledger/migrations', import.meta.url))
    expect(versions).toEqual(files.map((_, index) => index + 1))
  })
})

describeOnEachPostgres('the number of lanes', database => {
  test('makes the start fail if LANES is lower than what the database has', async () => {
    await setUp(database(), 4)
    const fewer = migrate(database().config, { lanes: 3, log: silent })
    await expect(fewer).rejects.toThrow(SettingsError)
    await expect(fewer).rejects.toThrow('LANES: got 3, expected at least 4')
  })

  test('is 16 in a new database, and unchanged in another, if no number is set', async () => {
    await setUp(database())
    await withClient(database(), async client => expect(await readHeads(client)).toHaveLength(16))
    await setUp(database(), 20)
    await setUp(database())
    await withClient(database(), async client => expect(await readHeads(client)).toHaveLength(20))
  })

  test('grows at a start with a higher LANES, and the old lanes are kept', async () => {
    await setUp(database(), 2)
    await withClient(database(), client => record(client, 1, pingsAt(5)))
    await setUp(database(), 5)
    await withClient(database(), async client => {
      expect((await readHeads(client)).map(({ lane, seq }) => [lane, seq])).toEqual([
        [0, 0n],
        [1, 1n],
        [2, 0n],
        [3, 0n],
        [4, 0n],
      ])
      expect((await record(client, 4, pingsAt(6))).lane).toBe(4)
    })
  })

  test('cannot be set in a database that a newer program has changed', async () => {
    await setUp(database(), 1)
    await sql(database(), "insert into ping_migrations (version, file) values (9999, 'later.sql')")
    await expect(setUp(database(), 1)).rejects.toThrow(/version 9999, newer than this program/)
  })
})
