import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Client } from '../../src/postgres/pg-types.ts'
import type { NewPing } from '../../src/terms/ping.ts'
import type { TestAddress } from '../support/postgres.ts'
import { pingsAt, withClient } from './ledger-fixture.ts'

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
    await recordAsBefore(client, 1, pingsAt(1, 2))
  })
}

/** What servers up to version 4 of the database send. */
const RECORD = {
  name: 'ping_record',
  text: 'select lane, before_seq, before_tag, tag, known_ids, known_times_ms from ping_record($1, $2, $3)',
}

/** What they get. */
export interface RecordedAsBefore {
  readonly lane: number
  readonly before_seq: bigint
  readonly before_tag: bigint
  readonly tag: bigint
  readonly known_ids: readonly string[] | null
  readonly known_times_ms: readonly bigint[] | null
}

/** Records a batch as such a server does. */
export async function recordAsBefore(client: Client, lane: number, pings: readonly NewPing[]): Promise<RecordedAsBefore> {
  const values = [`{${lane}}`, `{${pings.map(({ id }) => id).join()}}`, `{${pings.map(({ timestampMs }) => timestampMs).join()}}`]
  const { rows } = await client.query<RecordedAsBefore>({ ...RECORD, values })
  return rows[0]!
}
