import { readdir, readFile } from 'node:fs/promises'
import type { Client, ClientConfig } from 'pg'
import type { Logger } from '../runtime/logger.ts'
import { wait } from '../runtime/wait.ts'
import { connectClient } from './connect.ts'
import { checkSchema, explainRefusal, type OwnedObjects } from './missing-right.ts'

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

/** The migrations of one owner of tables. */
export interface Migrations {
  /** With the files `0001_name.sql`, …; ends with a slash. `@schema@` in a file stands for the session's current schema. */
  readonly folder: URL
  /** The table of applied versions. The migrator creates it in the session's current schema. */
  readonly versionTable: string
  /** Key of the advisory lock of the migrator that works; the others wait. */
  readonly lock: number
  /** What migrations change: for the explanation of a missing right. */
  readonly owned: OwnedObjects
  readonly applicationName: string
  /** As in `ConnectOptions`. */
  readonly searchPath: string
}

export interface MigratorOptions {
  readonly log: Logger
  /** Ends the wait for another migrator. */
  readonly signal?: AbortSignal
  /** Settings that the files read with `current_setting`, such as `ping.lanes`. */
  readonly parameters?: Readonly<Record<string, string>>
  /** Runs first, under the lock. */
  readonly before?: (client: Client) => Promise<void>
  /** Runs last, under the lock. */
  readonly after?: (client: Client) => Promise<void>
}

/** Brings a schema to the newest version. Throws `NewerDatabaseError` and `MissingRightError`. */
export async function runMigrations(config: ClientConfig, migrations: Migrations, options: MigratorOptions): Promise<void> {
  const client = await connectClient(config, migrations.applicationName, { searchPath: migrations.searchPath })
  try {
    await takeLock(client, migrations.lock, options)
    await options.before?.(client)
    const version = await currentVersion(client, migrations)
    const files = await listFiles(migrations.folder)
    const newest = files.at(-1)?.version ?? 0
    if (version > newest)
      throw new NewerDatabaseError(`the database is at version ${version}, newer than this program, which knows versions up to ${newest}`)
    const missing = files.filter(each => each.version > version)
    await applyAll(client, migrations, missing, options)
    await options.after?.(client)
  } catch (error) {
    throw await explainRefusal(client, error, migrations.owned)
  } finally {
    await client.end()
  }
}

interface MigrationFile {
  readonly version: number
  readonly file: string
}

async function listFiles(folder: URL): Promise<readonly MigrationFile[]> {
  const files = (await readdir(folder)).filter(file => file.endsWith('.sql')).sort()
  return files.map(file => ({ file, version: Number.parseInt(file, 10) }))
}

async function currentVersion(client: Client, { versionTable, owned }: Migrations): Promise<number> {
  const table = `create table if not exists ${versionTable} (version int primary key, file text not null, applied_at timestamptz not null default now())`
  const exists = await client.query('select to_regclass($1) is not null as yes', [versionTable])
  if (!exists.rows[0].yes) {
    await checkSchema(client, owned)
    await client.query(table)
  }
  const result = await client.query(`select coalesce(max(version), 0) as version from ${versionTable}`)
  return result.rows[0].version
}

/** In a loop, so that a waiting start logs that it waits, and ends when it is asked to. */
async function takeLock(client: Client, lock: number, { log, signal }: MigratorOptions): Promise<void> {
  for (let tries = 0; ; tries++) {
    const result = await client.query('select pg_try_advisory_lock($1) as taken', [lock])
    if (result.rows[0].taken) return
    if (signal?.aborted) throw new Error('asked to stop while another program was setting up the database')
    if (tries % LOG_EVERY_TRIES === 0) log.info('another program is setting up the database, waiting for it')
    await wait(TRY_LOCK_EVERY_MS, signal)
  }
}

/** All in one transaction: what an old program writes waits for it, and then finds the triggers of the new version. */
async function applyAll(
  client: Client,
  migrations: Migrations,
  files: readonly MigrationFile[],
  { log, parameters = {} }: MigratorOptions,
): Promise<void> {
  if (files.length === 0) return
  await client.query('begin')
  try {
    // Sequential scans are right here, since all old rows are read. The lock time-out lets a wait for an open transaction be logged.
    for (const [name, value] of Object.entries({ ...parameters, enable_seqscan: 'on', lock_timeout: `${LOCK_TIMEOUT_MS}ms` }))
      await client.query('select set_config($1, $2, true)', [name, value])
    for (const each of files) {
      log.info({ migration: each.file }, 'migrating')
      await apply(client, migrations, each)
    }
    await client.query('commit')
  } catch (error) {
    await client.query('rollback').catch(() => undefined)
    throw error
  }
}

async function apply(client: Client, { folder, versionTable }: Migrations, { version, file }: MigrationFile): Promise<void> {
  try {
    await client.query(await readMigration(client, new URL(file, folder)))
    await client.query(`insert into ${versionTable} (version, file) values ($1, $2)`, [version, file])
  } catch (error) {
    throw withHint(error, file)
  }
}

async function readMigration(client: Client, file: URL): Promise<string> {
  const result = await client.query<{ schema: string }>('select quote_ident(current_schema()) as schema')
  return (await readFile(file, 'utf8')).replaceAll('@schema@', () => result.rows[0]!.schema)
}

function withHint(error: unknown, file: string): unknown {
  const hint = error instanceof Error ? hintOf(error) : ''
  return new Error(`migration ${file}: ${error instanceof Error ? error.message : String(error)}.${hint}`, { cause: error })
}

function hintOf(error: Error): string {
  if ('code' in error && error.code === LOCK_NOT_AVAILABLE)
    return ' An open transaction holds a lock on a table (see pg_stat_activity). The migration is tried again until that transaction has ended.'
  return 'hint' in error && typeof error.hint === 'string' ? ` ${error.hint}` : ''
}
