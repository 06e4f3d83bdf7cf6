import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect } from 'vitest'
import type { PostgresVersion } from '../../local/launch/postgres-binaries.ts'
import { connectClient } from '../../src/ledger/connect.ts'
import { migrate } from '../../src/ledger/migrate.ts'
import { recordBatch, type RecordedBatch } from '../../src/ledger/record.ts'
import type { Client } from '../../src/postgres/pg-types.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import type { NewPing } from '../../src/terms/ping.ts'
import { firstOrAll } from '../support/depth.ts'
import { testDatabase, type TestAddress, type TestDatabase } from '../support/postgres.ts'
import { can } from '../support/tiers.ts'

export const silent = createLogger({ name: 'test', level: 'silent' })

type Tests = (database: () => TestDatabase) => void

/** `tests` once on each Postgres that this machine has; each test gets its own empty database. */
export function describeOnEachPostgres(title: string, tests: Tests): void {
  describeOn(versionsHere(), title, tests)
}

/** For what hardly depends on the version of Postgres: normally on the newest alone. */
export function describeOnPostgres(title: string, tests: Tests): void {
  describeOn(firstOrAll(versionsHere()), title, tests)
}

function versionsHere(): readonly PostgresVersion[] {
  return can('postgres15') ? [18, 15] : [18]
}

function describeOn(versions: readonly PostgresVersion[], title: string, tests: Tests): void {
  for (const version of versions) {
    describe(`${title} (PostgreSQL ${version})`, () => {
      const databases: TestDatabase[] = []
      beforeAll(async () => void (await testDatabase({ version })).drop()) // starts the server outside the tests' time
      beforeEach(async () => void databases.push(await testDatabase({ version })))
      afterAll(async () => void (await Promise.all(databases.map(database => database.drop()))))
      tests(() => databases.at(-1)!)
    })
  }
}

/** Calls `use` with a connection that is ended afterwards. */
export async function withClient<T>(database: TestAddress, use: (client: Client) => Promise<T>): Promise<T> {
  const client = await connectClient(database.config, 'test')
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}

export async function setUp(database: TestAddress, lanes?: number): Promise<void> {
  await migrate(database.config, { lanes, log: silent })
}

/** Waits until exactly one session of the database waits for a lock: an advisory one, as each lane has, or the end of a transaction. */
export async function untilOneWaits(database: TestAddress, lock: 'advisory' | 'transactionid'): Promise<void> {
  const waiting = `select from pg_stat_activity where wait_event = '${lock}' and datname = current_database()`
  await expect.poll(async () => (await rowsOf(database, waiting)).length).toBe(1)
}

/** The original's table. */
export const ORIGINAL_TABLE = 'create table pings (id uuid primary key, pinged_at timestamptz not null)'

export async function sql(database: TestAddress, ...statements: readonly string[]): Promise<void> {
  await withClient(database, async client => {
    for (const statement of statements) await client.query(statement)
  })
}

export async function rowsOf<Row>(database: TestAddress, query: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
  return withClient(database, async client => (await client.query(query, [...values])).rows as Row[])
}

/** Pings with new ids, in the order that the ledger expects. */
export function pingsAt(...timesMs: readonly (number | bigint)[]): readonly NewPing[] {
  return timesMs.map(time => ({ id: randomUUID(), timestampMs: BigInt(time) })).sort((a, b) => (a.id < b.id ? -1 : 1))
}

export function record(client: Client, lane: number, pings: readonly NewPing[]): Promise<RecordedBatch> {
  return recordBatch(client, [lane], pings)
}

/** I3, in words: what is wrong with the numbers, nothing if all lanes go from 1 to their head without gaps. */
export async function numberingFaults(database: TestAddress): Promise<readonly string[]> {
  const lanes = await rowsOf<{ lane: number; first: bigint; head: bigint; rows: bigint; numbers: bigint }>(
    database,
    'select lane, min(seq) as first, max(seq) as head, count(*) as rows, count(distinct seq) as numbers from pings group by lane',
  )
  return lanes
    .filter(({ first, head, rows, numbers }) => first !== 1n || head !== rows || rows !== numbers)
    .map(({ lane, first, head, rows }) => `lane ${lane}: ${rows} rows with seqs ${first} to ${head}`)
}
