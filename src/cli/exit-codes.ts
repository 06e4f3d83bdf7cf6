/** The exit codes of pingcli; `--help` shows this table. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  unavailable: 3,
  refused: 4,
  interrupted: 130,
  terminated: 143,
} as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

const MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: 'success',
  failed:
    "verify found a difference (a cache that it cannot read is one); rebuild waited for another rebuild until --timeout;\n       the database does not contain Ping's tables; rtt got no answer; or an unexpected error occurred",
  usage: 'wrong options or settings; nothing was done',
  unavailable:
    'no answer within --timeout from the server (ping, load, count), Postgres (verify, rebuild) or the cache (rebuild);\n       or rtt got only some answers',
  refused:
    "the server refused the request, the token or the client certificate; the server's certificate is not valid; or\n       the port of an https address does not speak TLS; trying again does not help",
  interrupted: 'interrupted by Ctrl-C (SIGINT)',
  terminated: 'terminated by SIGTERM',
}

export const EXIT_CODES_HELP = `
Exit codes:
${Object.entries(EXIT)
  .map(([name, code]) => `  ${String(code).padEnd(5)}${MEANINGS[name as keyof typeof EXIT]}`)
  .join('\n')}`

/** Ends the command: the message goes to standard error, the code to the shell. */
export class CliError extends Error {
  override readonly name = 'CliError'
  readonly exitCode: ExitCode
  constructor(exitCode: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.exitCode = exitCode
  }
}
