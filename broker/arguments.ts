/** The command that the arguments ask for. */
export type Command =
  | { readonly kind: 'run'; readonly file: string | undefined; readonly overrides: readonly string[] }
  | { readonly kind: 'help' | 'version' }
  /** The arguments are wrong; `message` explains why. */
  | { readonly kind: 'wrong'; readonly message: string }

const OVERRIDE = '--override'
const OPTIONS = [OVERRIDE, '--help', '--version']

export const USAGE = `ping-broker [server.properties] [--override key=value]…

A single-node broker that speaks the Kafka protocol, for development and tests.

  server.properties     configuration file in the format of Apache Kafka; by default, the broker
                        listens on 127.0.0.1:9092 and stores its data in .ping/broker
  --override key=value  sets one key and overrides the file; may be repeated, the last value wins
  --help                prints this help
  --version             prints the version

docs/broker.md lists the keys. SIGTERM and SIGINT stop the broker.
`

/** Reads the arguments, which are those of Kafka's start script. */
export function readArguments(args: readonly string[]): Command {
  const rest = [...args]
  const overrides: string[] = []
  let file: string | undefined
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === '--help' || arg === '-h') return { kind: 'help' }
    if (arg === '--version') return { kind: 'version' }
    if (arg === OVERRIDE || arg.startsWith(`${OVERRIDE}=`)) {
      const override = arg === OVERRIDE ? rest.shift() : arg.slice(OVERRIDE.length + 1)
      if (override === undefined) return wrong(`${OVERRIDE}: got nothing, expected key=value`)
      overrides.push(override)
    } else if (arg.startsWith('-')) {
      return wrong(`option: got ${JSON.stringify(arg)}, expected one of ${OPTIONS.join(', ')}`)
    } else if (file !== undefined) {
      return wrong(`argument: got ${JSON.stringify(arg)} in addition to ${JSON.stringify(file)}, expected one file`)
    } else {
      file = arg
    }
  }
  return { kind: 'run', file, overrides }
}

function wrong(message: string): Command {
  return { kind: 'wrong', message }
}
