import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestAddress } from '../support/postgres.ts'
import { pingsAt, record, withClient } from './ledger-fixture.ts'

const MIGRATIONS = join(import.meta.dirname, '..', '..', 'src', 'ledger', 'migrations')
const FILES = [
  join(MIGRATIONS, '0001_ledger.sql'),
  join(import.meta.dirname, 'fixtures', '0002_record-of-a-superuser.sql'),
  join(MIGRATIONS, '0003_positions.sql'),
]

/** A database as the releases up to now set it up, which took a superuser, with two pings in lane 1. */
export async function setUpAsBefore(address: TestAddress): Promise<void> {
  const files = await Promise.all(FILES.map(file => readFile(file, 'utf8')))
  const noted = 'insert into ping_migrations (version, file) select n, n::text from generate_series(1, 3) n'
  const table = 'create table ping_migrations (version int primary key, file text not null, applied_at timestamptz not null default now())'
  await withClient(address, async client => {
    await client.query("select set_config('ping.lanes', '3', false)")
    for (const statement of [table, ...files, noted]) await client.query(statement)
    await record(client, 1, pingsAt(1, 2))
  })
}
