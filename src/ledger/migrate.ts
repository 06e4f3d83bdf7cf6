import { readdir, readFile } from 'node:fs/promises'
import type { Client, ClientConfig } from 'pg'
import type { Logger } from '../runtime/logger.ts'
import { SettingsError } from '../runtime/settings.ts'
import { wait } from '../runtime/wait.ts'
import { connectClient } from './connect.ts'
import { checkSchema, explainRefusal } from './missing-right.ts'

const FOLDER = new URL('./migrations/', import.meta.url)
/** Advisory lock of the migrator that works; the others wait. */
const MIGRATION_LOCK = 1349080652
const TRY_LOCK_EVERY_MS = 500
const LOG_EVERY_TRIES = 20
/**
 * How long a migration waits for a table that an open transaction has locked, before it is tried again. Servers cannot record in the
 * meantime, so it is shorter than their queues last (MAX_QUEUE_AGE_MS). It is longer than the second after which Postgres cancels an
 * autovacuum that blocks us.
 */
const LOCK_TIMEOUT_MS = 1_500
/** A lock was not free within `lock_timeout`. */
const LOCK_NOT_AVAILABLE = '55P03'

/** The database was set up by a newer program. A retry does not help. */
export class NewerDatabaseError extends Error {
  override readonly name = 'NewerDatabaseError'
}

export interface MigrateOptions {
  /** The number of lanes: set by the first migration, raised by a later call, never lowered. Undefined: as many as there are. */
  readonly lanes: number | undefined
  readonly log: Logger
  /** Ends the wait for another migrator. */
  readonly signal?: AbortSignal
}

const LANES_OF_NEW = 16

/** Brings the database to the newest version. Throws `SettingsError` if `lanes` is below the database's. */
export async function migrate(config: ClientConfig, options: MigrateOptions): Promise<void> {
  const client = await connectClient(config, 'ping-migrate')
  try {
    await takeLock(client, options)
    const version = await currentVersion(client)
    const migrations = await listMigrations()
    const newest = migrations.at(-1)?.version ?? 0
    if (version > newest)
      throw new NewerDatabaseError(`the database is at version ${version}, newer than this program, which knows versions up to ${newest}`)
    await applyAll(
      client,
      migrations.filter(each => each.version > version),
      options,
    )
    await raiseLanes(client, options)
  } catch (error) {
    throw await explainRefusal(client, error)
  } finally {
    await client.end()
  }
}

interface Migration {
  readonly version: number
  readonly file: string
}

async function listMigrations(): Promise<readonly Migration[]> {
  const files = (await readdir(FOLDER)).filter(file => file.endsWith('.sql')).sort()
  return files.map(file => ({ file, version: Number.parseInt(file, 10) }))
}

async function currentVersion(client: Client): Promise<number> {
  const table =
    'create table if not exists ping_migrations (version int primary key, file text not null, applied_at timestamptz not null default now())'
  const exists = await client.query("select to_regclass('ping_migrations') is not null as yes")
  if (!exists.rows[0].yes) {
    await checkSchema(client)
    await client.query(table)
  }
  const result = await client.query('select coalesce(max(version), 0) as version from ping_migrations')
  return result.rows[0].version
}

/** In a loop, so that a waiting start logs that it waits, and ends when it is asked to. */
async function takeLock(client: Client, { log, signal }: MigrateOptions): Promise<void> {
  for (let tries = 0; ; tries++) {
    const result = await client.query('select pg_try_advisory_lock($1) as taken', [MIGRATION_LOCK])
    if (result.rows[0].taken) return
    if (signal?.aborted) throw new Error('asked to stop while another program was setting up the database')
    if (tries % LOG_EVERY_TRIES === 0) log.info('another program is setting up the database, waiting for it')
    await wait(TRY_LOCK_EVERY_MS, signal)
  }
}

/** All in one transaction: inserts of an old server wait for it, and then find the trigger that numbers them. */
async function applyAll(client: Client, migrations: readonly Migration[], { lanes = LANES_OF_NEW, log }: MigrateOptions): Promise<void> {
  if (migrations.length === 0) return
  await client.query('begin')
  try {
    // Sequential scans are right here, since all old rows are read. The lock time-out lets a wait for an open transaction be logged.
    await client.query("select set_config('ping.lanes', $1, true), set_config('enable_seqscan', 'on', true)", [String(lanes)])
    await client.query(`set local lock_timeout = ${LOCK_TIMEOUT_MS}`)
    for (const migration of migrations) {
      log.info({ migration: migration.file }, 'migrating')
      await apply(client, migration)
    }
    await client.query('commit')
  } catch (error) {
    await client.query('rollback').catch(() => undefined)
    throw error
  }
}

async function apply(client: Client, { version, file }: Migration): Promise<void> {
  try {
    await client.query(await readMigration(client, file))
    await client.query('insert into ping_migrations (version, file) values ($1, $2)', [version, file])
  } catch (error) {
    throw withHint(error, file)
  }
}

/** `@schema@` in a file stands for the schema of Ping's tables, the session's current one. */
async function readMigration(client: Client, file: string): Promise<string> {
  const result = await client.query<{ schema: string }>('select quote_ident(current_schema()) as schema')
  return (await readFile(new URL(file, FOLDER), 'utf8')).replaceAll('@schema@', () => result.rows[0]!.schema)
}

function withHint(error: unknown, file: string): unknown {
  const hint = error instanceof Error ? hintOf(error) : ''
  return new Error(`migration ${file}: ${error instanceof Error ? error.message : String(error)}.${hint}`, { cause: error })
}

function hintOf(error: Error): string {
  if ('code' in error && error.code === LOCK_NOT_AVAILABLE)
    return ' An open transaction holds a lock on a table of Ping (see pg_stat_activity). The migration is tried again until that transaction has ended.'
  return 'hint' in error && typeof error.hint === 'string' ? ` ${error.hint}` : ''
}

async function raiseLanes(client: Client, { lanes, log }: MigrateOptions): Promise<void> {
  if (lanes === undefined) return
  const result = await client.query('select count(*)::int as lanes from ping_lanes')
  const stored: number = result.rows[0].lanes
  if (lanes < stored) {
    throw new SettingsError(`LANES: got ${lanes}, expected at least ${stored}, the number that the database was set up with`)
  }
  if (lanes > stored) {
    log.info({ from: stored, to: lanes }, 'adding lanes')
    await client.query('insert into ping_lanes (lane) select generate_series($1::int, $2::int)', [stored, lanes - 1])
  }
}
