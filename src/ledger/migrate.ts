import type { Client, ClientConfig } from 'pg'
import { runMigrations, type Migrations } from '../postgres/migrator.ts'
import type { Logger } from '../runtime/logger.ts'
import { SettingsError } from '../runtime/settings.ts'
import { LEDGER_SEARCH_PATH } from './search-path.ts'

const MIGRATIONS: Migrations = {
  folder: new URL('./migrations/', import.meta.url),
  versionTable: 'ping_migrations',
  lock: 1349080652,
  owned: {
    of: 'Ping',
    schemaOfNew: 'public',
    tables: ['pings', 'ping_lanes', 'ping_minutes', 'ping_migrations'],
    functions: [
      'ping_record',
      'ping_record_batch',
      'ping_place_row',
      'ping_keep_row',
      'ping_keep_lanes',
      'ping_fold',
      'ping_unfold',
      'ping_move_published',
    ],
  },
  applicationName: 'ping-migrate',
  searchPath: LEDGER_SEARCH_PATH,
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
  const { lanes = LANES_OF_NEW } = options
  const parameters = { 'ping.lanes': String(lanes) }
  await runMigrations(config, MIGRATIONS, { ...options, parameters, after: client => raiseLanes(client, options) })
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
