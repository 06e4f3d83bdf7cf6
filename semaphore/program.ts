import { retrySetUp } from '../src/postgres/retry-set-up.ts'
import { postgresConfig } from '../src/postgres/settings.ts'
import { endWith } from '../src/runtime/end-with.ts'
import { WRONG_USAGE } from '../src/runtime/exit-codes.ts'
import { createLogger, exitLogged, type Logger } from '../src/runtime/logger.ts'
import { runProgram, type Running } from '../src/runtime/run-program.ts'
import type { Environment } from '../src/runtime/settings.ts'
import { readSemaphoreSettings, type SemaphoreSettings } from './settings.ts'
import { migrate } from './store/migrate.ts'
import { startSemaphore, STOP_PARTS_MS } from './wiring.ts'

const NAME = 'semaphore'
const MIGRATE_ONLY = '--migrate-only'
const HELP = '--help'
const USAGE = `node semaphore/main.ts                   run the semaphore
node semaphore/main.ts ${MIGRATE_ONLY}    set up the database and exit
node semaphore/main.ts ${HELP}            print this
`

/** The semaphore as a program: `--migrate-only` sets up the database and exits, `--help` prints how to call it. */
export async function runSemaphore(args: readonly string[], env: Environment): Promise<void> {
  if (args.includes(HELP)) return endWith(0, process.stdout, USAGE)
  const unknown = args.find(arg => arg !== MIGRATE_ONLY)
  if (unknown !== undefined) {
    return endWith(WRONG_USAGE, process.stderr, `argument: got ${JSON.stringify(unknown)}, expected ${MIGRATE_ONLY}, ${HELP} or nothing\n`)
  }
  let settings: SemaphoreSettings
  try {
    settings = readSemaphoreSettings(env)
  } catch (error) {
    return runProgram({ name: NAME, drainMs: 0, start: () => Promise.reject(error) })
  }
  const log = createLogger({ name: NAME, level: settings.logLevel })
  if (args.includes(MIGRATE_ONLY)) return runProgram({ name: NAME, drainMs: 0, start: signal => migrateOnly(settings, log, signal) })
  const drainMs = settings.notReadyMs + settings.drainMs + STOP_PARTS_MS
  return runProgram({ name: NAME, drainMs, start: signal => startSemaphore(settings, log, signal) })
}

async function migrateOnly(settings: SemaphoreSettings, log: Logger, signal: AbortSignal): Promise<Running> {
  await retrySetUp(() => migrate(postgresConfig(settings), { log, signal }), { log, signal })
  log.info('the database is set up')
  return exitLogged(0, log)
}
