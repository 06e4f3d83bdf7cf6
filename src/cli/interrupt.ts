import { listenForSignals } from '../runtime/listen-for-signals.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'

/** How long pending calls may still be answered after the first signal. */
const GRACE_MS = 1_000

/** A request to end: SIGINT (Ctrl-C) or SIGTERM. */
export interface Interrupt {
  /** Aborted by the first signal: start nothing new, and retry nothing. */
  readonly asked: AbortSignal
  /** Aborted a second later: cancel pending calls. */
  readonly forced: AbortSignal
  /** The exit code for the signal; undefined without one. */
  exitCode(): ExitCode | undefined
}

/** Listens to SIGINT and SIGTERM from now on; a second signal ends the process at once. */
export function listenForInterrupt(): Interrupt {
  const asked = new AbortController()
  const forced = new AbortController()
  let code: ExitCode | undefined
  listenForSignals(['SIGINT', 'SIGTERM'], {
    first: signal => {
      code = signal === 'SIGINT' ? EXIT.interrupted : EXIT.terminated
      setTimeout(() => forced.abort(), GRACE_MS).unref()
      asked.abort()
    },
    again: () => process.exit(code),
  })
  return { asked: asked.signal, forced: forced.signal, exitCode: () => code }
}
