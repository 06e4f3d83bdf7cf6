/** What the command line asks for. */
export type Command =
  | { readonly kind: 'run'; readonly file: string | undefined; readonly overrides: readonly string[] }
  | { readonly kind: 'help' | 'version' }
  /** The arguments make no sense; `message` says why. */
  | { readonly kind: 'wrong'; readonly message: string }

const OVERRIDE = '--override'
const OPTIONS = [OVERRIDE, '--help', '--version']

export const USAGE = `ping-broker [server.properties] [--override key=value]…

A broker of one node that speaks the Kafka protocol, for development and tests.

  server.properties     a configuration as Apache Kafka has it; without one, clients connect
                        to 127.0.0.1:9092 and data lies in .ping/broker
  --override key=value  one setting, which goes before the file; may be repeated, the last counts
  --help                this text
  --version             the version

The keys are in docs/broker.md. SIGTERM and SIGINT stop it.
`

/** Reads the arguments, which are those of Kafka's own start script. */
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
      return wrong(`argument: got ${JSON.stringify(arg)} besides ${JSON.stringify(file)}, expected one file`)
    } else {
      file = arg
    }
  }
  return { kind: 'run', file, overrides }
}

function wrong(message: string): Command {
  return { kind: 'wrong', message }
}
