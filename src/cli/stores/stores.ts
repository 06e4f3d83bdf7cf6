import { createCache, type Cache } from '../../counters/connect.ts'
import { redisOptions, redisSettings } from '../../counters/settings.ts'
import { Pool } from '../../ledger/pool.ts'
import { postgresConfig, postgresSettings } from '../../ledger/settings.ts'
import { createLogger } from '../../runtime/logger.ts'
import { reasonOf } from '../client/failures.ts'
import type { Context } from '../context.ts'
import { CliError, EXIT } from '../exit-codes.ts'
import { cliSettings } from '../settings.ts'
import { localLedger } from './local-ledger.ts'

/** What fails is told by the command itself. */
const log = createLogger({ name: 'pingcli', level: 'silent' })
/** Postgres' code for a table that is not there. */
const UNDEFINED_TABLE = '42P01'

/** Postgres by DATABASE_URL or the DB_ settings; with none of them, that of `npm start` where there is one. The caller ends it. */
export function openLedger({ settings, timeoutMs }: Context): Pool {
  const chosen = settings(postgresSettings)
  const isChosen = Object.values(chosen).some(value => value !== undefined)
  const local = isChosen ? undefined : localLedger(settings({ dataDir: cliSettings.dataDir }).dataDir)
  const config = { ...(local ?? postgresConfig(chosen)), connectionTimeoutMillis: timeoutMs }
  return new Pool(config, { applicationName: 'pingcli', max: 1, log })
}

/** What a failed read of Postgres means to the user. */
export function ledgerError(error: unknown): CliError {
  if (error instanceof CliError) return error
  if (error instanceof Error && 'code' in error && error.code === UNDEFINED_TABLE) {
    const message = "the database has none of Ping's tables: got another database, or one where `--migrate-only` has not run yet"
    return new CliError(EXIT.failed, message, { cause: error })
  }
  return new CliError(
    EXIT.unavailable,
    `Postgres could not be read: ${reasonOf(error)} (DATABASE_URL, or DB_HOST, DB_PORT … say where it is)`,
    {
      cause: error,
    },
  )
}

/** The cache by REDIS_URL or REDIS_HOST and REDIS_PORT. */
export interface OpenCache {
  readonly cache: Cache
  /** Resolves when it can be used; rejects with the reason when it cannot by --timeout. */
  ready(): Promise<void>
  close(): void
}

export function openCache({ settings, timeoutMs }: Context): OpenCache {
  const cache = createCache(redisOptions(settings(redisSettings)), { log, commandTimeoutMs: timeoutMs })
  let broken: unknown
  cache.on('error', error => (broken = error))
  return {
    cache,
    close: () => cache.disconnect(),
    ready: async () => {
      if (cache.status === 'ready') return
      const outcome = await new Promise<'ready' | 'error' | 'time over'>(resolve => {
        const timer = setTimeout(() => resolve('time over'), timeoutMs)
        cache.once('ready', () => resolve('ready')).once('error', () => resolve('error'))
        cache.once('ready', () => clearTimeout(timer)).once('error', () => clearTimeout(timer))
      })
      if (outcome === 'ready') return
      const where = '(REDIS_URL, or REDIS_HOST and REDIS_PORT say where it is)'
      throw new CliError(
        EXIT.unavailable,
        `the cache is away: ${outcome === 'error' ? reasonOf(broken) : 'no connection within --timeout'} ${where}`,
      )
    },
  }
}
