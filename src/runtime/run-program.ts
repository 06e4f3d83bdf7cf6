import { FAILED, FORCED, UNUSABLE } from './exit-codes.ts'
import { listenForSignals } from './listen-for-signals.ts'
import { createLogger, exitLogged, type Logger } from './logger.ts'
import { InUseError, SettingsError } from './settings.ts'
import { within } from './wait.ts'

/** A running part. `stop` is called once; it drains, then releases the part's resources. */
export interface Running {
  stop(): Promise<void>
}

export interface ProgramOptions {
  readonly name: string
  /** Starts everything. The signal is aborted when the program is asked to stop, so that a waiting start ends. */
  readonly start: (signal: AbortSignal) => Promise<Running>
  /** How long a drain may take before the process is ended by force, in ms. */
  readonly drainMs: number
}

/**
 * Runs a program to its end: start, wait for SIGTERM or SIGINT, stop, exit 0. A second signal forces.
 * A failed start logs one line with the reason, and exits with UNUSABLE if another start would fail too. The log of a drain that
 * times out lists what is still open.
 */
export async function runProgram(options: ProgramOptions): Promise<void> {
  const { name, start, drainMs } = options
  const log = createLogger({ name, level: 'info' })
  const asked = stopRequest(log)
  let running: Running | undefined
  try {
    running = await start(asked.signal)
    if (!asked.signal.aborted) await new Promise(resolve => asked.signal.addEventListener('abort', resolve))
    await within(drainMs, `not stopped after ${drainMs} ms; still open: ${openResources()}`, running.stop())
    log.info('stopped')
  } catch (error) {
    if (asked.signal.aborted && running === undefined) return exitLogged(0, log) // asked to stop while starting
    if (error instanceof SettingsError) log.fatal(`cannot start, wrong settings:\n${error.message}`)
    else log.fatal({ err: error }, running ? 'stop failed' : 'cannot start')
    return exitLogged(exitCode(error), log)
  }
  return exitLogged(0, log)
}

/** The exit code for this error. */
function exitCode(error: unknown): number {
  return error instanceof SettingsError && !(error instanceof InUseError) ? UNUSABLE : FAILED
}

function stopRequest(log: Logger): AbortController {
  const controller = new AbortController()
  listenForSignals(['SIGTERM', 'SIGINT'], {
    first: signal => {
      log.info({ signal }, 'stopping')
      controller.abort()
    },
    again: signal => {
      log.warn({ signal }, 'second signal: forced stop')
      void exitLogged(FORCED, log)
    },
  })
  return controller
}

function openResources(): string {
  return process.getActiveResourcesInfo().join(', ')
}
