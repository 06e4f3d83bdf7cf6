import { Pool } from '../../ledger/pool.ts'
import { postgresConfig, postgresSettings } from '../../postgres/settings.ts'
import { reasonOf } from '../client/failures.ts'
import type { Context } from '../context.ts'
import { CliError, EXIT } from '../exit-codes.ts'
import { cliSettings } from '../settings.ts'
import { localLedger } from './local-ledger.ts'
import { silentLog } from './silent-log.ts'

/** Postgres' code for a table that does not exist. */
const UNDEFINED_TABLE = '42P01'

/** Postgres by DATABASE_URL or the DB_ settings; without them that of `npm start`, if there is one. The caller ends the pool. */
export function openLedger({ settings, timeoutMs }: Context): Pool {
  const chosen = settings(postgresSettings)
  const isChosen = Object.values(chosen).some(value => value !== undefined)
  const local = isChosen ? undefined : localLedger(settings({ dataDir: cliSettings.dataDir }).dataDir)
  const config = { ...(local ?? postgresConfig(chosen)), connectionTimeoutMillis: timeoutMs }
  return new Pool(config, { applicationName: 'pingcli', max: 1, log: silentLog })
}

/** What a failed read of Postgres means to the user. */
export function ledgerError(error: unknown): CliError {
  if (error instanceof CliError) return error
  if (error instanceof Error && 'code' in error && error.code === UNDEFINED_TABLE) {
    const message = "the database does not contain Ping's tables: it is another database, or `--migrate-only` has not run on it yet"
    return new CliError(EXIT.failed, message, { cause: error })
  }
  return new CliError(
    EXIT.unavailable,
    `Postgres cannot be read: ${reasonOf(error)} (set its address with DATABASE_URL, or DB_HOST, DB_PORT …)`,
    {
      cause: error,
    },
  )
}
