import { InvalidArgumentError, Option, type Command } from 'commander'
import { PROTOCOLS, type Protocol } from './client/connect-to.ts'
import { address } from './formats/address.ts'
import { duration } from './formats/duration.ts'
import type { Format } from './formats/format.ts'

const DEFAULT_TIMEOUT = '10s'

/** The options of every command, before or after its name. */
export interface SharedOptions {
  /** Undefined: not given, so PING_ADDRESS or its default applies. */
  readonly address?: string
  readonly protocol: Protocol
  readonly timeout: number
  readonly json?: true
  /** Undefined, like those below: not given, so the environment applies. */
  readonly tokenFile?: string
  readonly caFile?: string
  readonly certFile?: string
  readonly keyFile?: string
}

/** An option whose text must have the given format; the error for any other text says what was expected. */
export function formatted<T>(flags: string, help: string, format: Format<T>): Option {
  return new Option(flags, help).argParser((text: string): T => {
    const value = format.parse(text)
    if (value === undefined) throw new InvalidArgumentError(`Got ${JSON.stringify(text)}, expected ${format.expected}.`)
    return value
  })
}

export function addSharedOptions(program: Command): void {
  const timeout = duration(1)
  program
    .addOption(formatted('--address <url>', 'address of the server (default: PING_ADDRESS, else http://127.0.0.1:8080)', address))
    .addOption(new Option('--protocol <name>', 'RPC protocol; grpc uses HTTP/2').choices(PROTOCOLS).default('connect'))
    .addOption(
      formatted('--timeout <duration>', 'time limit for one call, including its retries', timeout).default(
        timeout.parse(DEFAULT_TIMEOUT),
        DEFAULT_TIMEOUT,
      ),
    )
    .option('--token-file <file>', 'file with the token to send to the server (default: PING_TOKEN_FILE)')
    .option('--ca-file <file>', 'PEM file with the only CAs to trust for an https server (default: PING_CA_FILE)')
    .option('--cert-file <file>', 'PEM file with the client certificate (default: PING_CERT_FILE)')
    .option('--key-file <file>', 'PEM file with the key of the client certificate (default: PING_KEY_FILE)')
    .option('--json', 'print results as JSON; see "Output" below')
}
