import { postgresConfig } from '../ledger/settings.ts'
import { runProgram, type Running } from '../runtime/lifecycle.ts'
import { createLogger, type Logger } from '../runtime/logger.ts'
import { readSettings, SettingsError, type Environment } from '../runtime/settings.ts'
import { setUpDatabase } from './set-up-database.ts'
import { serverSettings, type ServerSettings } from './settings.ts'
import { startServer, STOP_PARTS_MS } from './wiring.ts'

const NAME = 'ping-server'
const MIGRATE_ONLY = '--migrate-only'
/** Exit code for arguments that are not known, as shells have it. */
const WRONG_USAGE = 2

/** The server as a program: `--migrate-only` sets the database up and ends. */
export async function runServer(args: readonly string[], env: Environment): Promise<void> {
  const unknown = args.find(arg => arg !== MIGRATE_ONLY)
  if (unknown !== undefined) return exit(WRONG_USAGE, `argument: got ${JSON.stringify(unknown)}, expected ${MIGRATE_ONLY} or nothing`)
  const settings = settingsOrExit(env)
  const log = createLogger({ name: NAME, level: settings.logLevel })
  if (args.includes(MIGRATE_ONLY)) return runProgram({ name: NAME, drainMs: 0, start: signal => migrateOnly(settings, log, signal) })
  const drainMs = settings.notReadyMs + settings.drainMs + STOP_PARTS_MS
  return runProgram({ name: NAME, drainMs, start: signal => startServer(settings, log, signal) })
}

async function migrateOnly(settings: ServerSettings, log: Logger, signal: AbortSignal): Promise<Running> {
  await setUpDatabase(postgresConfig(settings), { lanes: settings.lanes, log, signal })
  log.info('the database is set up')
  process.exit(0)
}

function settingsOrExit(env: Environment): ServerSettings {
  try {
    return readSettings(serverSettings, env)
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error
    return exit(1, `cannot start, wrong settings:\n${error.message}`)
  }
}

function exit(code: number, message: string): never {
  createLogger({ name: NAME, level: 'info' }).fatal(message)
  process.exit(code)
}
