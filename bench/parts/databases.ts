import type pg from 'pg'
import { migrate } from '../../src/ledger/migrate.ts'
import { postgresConfig, postgresSettings } from '../../src/postgres/settings.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { readSettings } from '../../src/runtime/settings.ts'
import type { Parts } from './parts.ts'
import { plainClient } from './plain-client.ts'

/** A database of the run's Postgres. */
export interface Database {
  readonly url: string
  /** Runs one statement; 64-bit numbers come as text. */
  query(sql: string, values?: readonly unknown[]): Promise<pg.QueryResult>
  /** Drops it and makes a checkpoint, so that the next figure does not pay for this one. */
  drop(): Promise<void>
}

/** Owns the databases and has no other rights, as in production. */
const OWNER = 'ping'
const CREATE_OWNER = `do $$ begin
  if not exists (select from pg_roles where rolname = '${OWNER}') then create role ${OWNER} login nosuperuser nocreatedb nocreaterole; end if;
end $$`

/** Creates a database: empty, or a copy of another one that has no connections. */
export async function createDatabase(parts: Parts, name: string, template = 'template0'): Promise<Database> {
  const address = `127.0.0.1:${parts.postgres.port}`
  const administer = (...statements: string[]): Promise<void> => runAll(`postgres://postgres@${address}/postgres`, statements)
  await administer(CREATE_OWNER, `create database ${name} owner ${OWNER} template ${template} strategy file_copy`)
  const url = `postgres://${OWNER}@${address}/${name}`
  return {
    url,
    query: (sql, values = []) => withClient(url, client => client.query(sql, [...values])),
    drop: () => administer(`drop database if exists ${name} with (force)`, 'checkpoint'),
  }
}

/** Creates a database with Ping's tables. */
export async function createLedger(parts: Parts, name: string): Promise<Database> {
  const database = await createDatabase(parts, name)
  const config = postgresConfig(readSettings(postgresSettings, { DATABASE_URL: database.url }))
  await migrate(config, { lanes: undefined, log: createLogger({ name: 'bench', level: 'warn' }) })
  return database
}

function runAll(url: string, statements: readonly string[]): Promise<void> {
  return withClient(url, async client => {
    for (const statement of statements) await client.query(statement)
  })
}

/** A connection for each use: none remains that would keep a database from being copied or dropped. */
async function withClient<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = plainClient(url)
  client.on('error', () => undefined) // it also fails the current query
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}

/** The original service's table, as the plain way uses it. */
export const ORIGINAL_TABLE = 'create table pings (id uuid primary key, pinged_at timestamptz not null)'
