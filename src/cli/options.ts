import { InvalidArgumentError, Option, type Command } from 'commander'
import { PROTOCOLS, type Protocol } from './client/ping-client.ts'
import { address } from './formats/address.ts'
import { duration } from './formats/duration.ts'
import type { Format } from './formats/format.ts'

const DEFAULT_TIMEOUT = '10s'

/** The options that every command takes, before or after its name. */
export interface SharedOptions {
  /** Undefined: not given, so PING_ADDRESS or its default holds. */
  readonly address?: string
  readonly protocol: Protocol
  readonly timeout: number
  readonly json?: true
  /** Undefined, as those below: not given, so the environment holds. */
  readonly tokenFile?: string
  readonly caFile?: string
  readonly certFile?: string
  readonly keyFile?: string
}

/** An option whose text must have the given format; what is wrong with it is told with what was expected. */
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
    .addOption(formatted('--address <url>', 'the Ping server (default: PING_ADDRESS, else http://127.0.0.1:8080)', address))
    .addOption(new Option('--protocol <name>', 'how to talk to it; grpc is over HTTP/2').choices(PROTOCOLS).default('connect'))
    .addOption(
      formatted('--timeout <duration>', 'the time for one call with all its tries', timeout).default(
        timeout.parse(DEFAULT_TIMEOUT),
        DEFAULT_TIMEOUT,
      ),
    )
    .option('--token-file <file>', 'the token to show to the server (default: PING_TOKEN_FILE)')
    .option('--ca-file <file>', 'trust only these authorities, in PEM, of an https server (default: PING_CA_FILE)')
    .option('--cert-file <file>', 'the client certificate to show, in PEM (default: PING_CERT_FILE)')
    .option('--key-file <file>', 'its key, in PEM (default: PING_KEY_FILE)')
    .option('--json', 'print results as JSON; see "Output" below')
}
