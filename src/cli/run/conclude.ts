import type { Context } from '../context.ts'
import { CliError, EXIT, type ExitCode } from '../exit-codes.ts'
import type { RunResult } from './ping-run.ts'

/** Ids shown in a message; --json shows all. */
const SHOWN_IDS = 5

/** The pings that the run was to send. */
interface SentPings {
  readonly pings: number
  /** Undefined: the server's clock. */
  readonly timestampMs: bigint | undefined
  /** False: the run ended early, though no ping is open. */
  readonly isWhole?: boolean
}

/** The exit code of a run; lists the open pings on standard error. Throws the error that ended the run. */
export function conclude(
  sent: SentPings,
  { acked, open }: Pick<RunResult, 'acked' | 'open'>,
  { output, interrupt, sameServer }: Context,
): ExitCode {
  if (acked === sent.pings && sent.isWhole !== false) return EXIT.ok
  const unsettled = open.filter(({ error }) => error.exitCode !== EXIT.refused).map(ping => ping.id)
  if (unsettled.length > 0) output.note(openText(sent, unsettled, sameServer))
  const exitCode = interrupt.exitCode()
  if (exitCode !== undefined) {
    output.note('interrupted')
    return exitCode
  }
  throw open[0]?.error ?? new CliError(EXIT.failed, `${acked} of ${sent.pings} pings acknowledged`)
}

function openText(sent: SentPings, ids: readonly string[], sameServer: readonly string[]): string {
  const server = sameServer.map(word => ` ${word}`).join('')
  const timestamp = sent.timestampMs === undefined ? '' : ` --timestamp=${sent.timestampMs}`
  const which = ids.length === 1 ? '1 ping was' : `${ids.length} pings were`
  const lines = ids.slice(0, SHOWN_IDS).map(id => `  npx pingcli ping --id ${id}${timestamp}${server}`)
  const more = ids.length > SHOWN_IDS ? [`  … and ${ids.length - SHOWN_IDS} more; --json lists all`] : []
  return [
    `${which} not acknowledged and may or may not be recorded. To settle a ping, send it again with the same id; it is counted once:`,
    ...lines,
    ...more,
  ].join('\n')
}
