import { postgresConfig } from '../postgres/settings.ts'
import { endWith } from '../runtime/end-with.ts'
import { WRONG_USAGE } from '../runtime/exit-codes.ts'
import { createLogger, exitLogged, type Logger } from '../runtime/logger.ts'
import { runProgram, type Running } from '../runtime/run-program.ts'
import { readSettings, type Environment } from '../runtime/settings.ts'
import { withReadVariables } from '../tracing/read-variables.ts'
import { setUpDatabase } from './set-up-database.ts'
import { serverSettings, type ServerSettings } from './settings.ts'
import { startServer, STOP_PARTS_MS } from './wiring.ts'

const NAME = 'ping-server'
const MIGRATE_ONLY = '--migrate-only'
const HELP = '--help'
const USAGE = `node src/server/main.ts                   run the server
node src/server/main.ts ${MIGRATE_ONLY}    set up the database and exit
node src/server/main.ts ${HELP}            print this
`

/** The server as a program: `--migrate-only` sets up the database and exits, `--help` prints how to call it. */
export async function runServer(args: readonly string[], env: Environment): Promise<void> {
  if (args.includes(HELP)) return endWith(0, process.stdout, USAGE)
  const unknown = args.find(arg => arg !== MIGRATE_ONLY)
  if (unknown !== undefined) {
    return endWith(WRONG_USAGE, process.stderr, `argument: got ${JSON.stringify(unknown)}, expected ${MIGRATE_ONLY}, ${HELP} or nothing\n`)
  }
  let settings: ServerSettings
  try {
    settings = readSettings(serverSettings, withReadVariables(env))
  } catch (error) {
    return runProgram({ name: NAME, drainMs: 0, start: () => Promise.reject(error) })
  }
  const log = createLogger({ name: NAME, level: settings.logLevel })
  if (args.includes(MIGRATE_ONLY)) return runProgram({ name: NAME, drainMs: 0, start: signal => migrateOnly(settings, log, signal) })
  const drainMs = settings.notReadyMs + settings.drainMs + STOP_PARTS_MS
  return runProgram({ name: NAME, drainMs, start: signal => startServer(settings, log, signal) })
}

async function migrateOnly(settings: ServerSettings, log: Logger, signal: AbortSignal): Promise<Running> {
  await setUpDatabase(postgresConfig(settings), { lanes: settings.lanes, log, signal })
  log.info('the database is set up')
  return exitLogged(0, log)
}
