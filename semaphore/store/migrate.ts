import type { Client, ClientConfig } from 'pg'
import { runMigrations, type Migrations } from '../../src/postgres/migrator.ts'
import type { Logger } from '../../src/runtime/logger.ts'
import { SEMAPHORE_SEARCH_PATH } from './connect.ts'

const MIGRATIONS: Migrations = {
  folder: new URL('./migrations/', import.meta.url),
  versionTable: 'migrations',
  lock: 1397050672,
  owned: { of: 'the semaphore', schemaOfNew: 'semaphore' },
  applicationName: 'semaphore-migrate',
  searchPath: SEMAPHORE_SEARCH_PATH,
}

export interface MigrateOptions {
  readonly log: Logger
  /** Ends the wait for another migrator. */
  readonly signal?: AbortSignal
}

/** One transaction per lane can be in flight, and the relay sends each lane in order. */
const LANES_OF_NEW = 16

/**
 * Brings the schema `semaphore` to the newest version; creates it if the role may. Otherwise, the role needs only that schema as its
 * own. Throws `NewerDatabaseError` and `MissingRightError`.
 */
export async function migrate(config: ClientConfig, options: MigrateOptions): Promise<void> {
  await runMigrations(config, MIGRATIONS, { ...options, parameters: { 'semaphore.lanes': String(LANES_OF_NEW) }, before: createSchema })
}

async function createSchema(client: Client): Promise<void> {
  const { rows } = await client.query<{ missing: boolean }>(
    "select to_regnamespace('semaphore') is null and has_database_privilege(current_database(), 'CREATE') as missing",
  )
  if (rows[0]!.missing) await client.query('create schema semaphore')
}
