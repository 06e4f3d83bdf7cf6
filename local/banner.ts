import { shellWord } from '../src/runtime/shell-word.ts'
import { EXTRAS, startCommand, type Extra } from './arguments.ts'
import type { PartName } from './part.ts'
import type { Address } from './parts/address.ts'
import { HIDDEN } from './parts/ping-parts.ts'
import { passwordFile } from './postgres/passwords.ts'
import type { LocalSettings } from './settings.ts'
import type { PartState } from './supervision/supervised-part.ts'
import { urlOf } from './url-of.ts'

/** The settings' defaults, which pingcli uses too. */
const DEFAULTS = {
  PING_DATA_DIR: '.ping',
  REDIS_URL: 'redis://127.0.0.1:6379',
  PING_ADDRESS: 'http://127.0.0.1:8080',
  KAFKA_BROKERS: '127.0.0.1:9092',
  SEMAPHORE_ADDRESS: 'http://127.0.0.1:8082',
} as const

/** The state of a part that is ours, or undefined for one that is not run by us. */
export type StateOf = (name: PartName) => PartState | undefined

/** The text that is printed when Ping is ready: the addresses, and lines to copy. */
export function banner(settings: LocalSettings, dataDir: string, addresses: readonly Address[], stateOf: StateOf): string {
  const server = serverOf(settings)
  const cache = addressOf(addresses, 'cache') ?? ''
  const cli = commandLine({ PING_ADDRESS: server })
  const lines = [
    `Ping is running. Its data is in ${dataDir}`,
    '',
    ...addresses.map(address => addressLine(address, stateOf(address.name === 'console' ? 'kafka' : address.name))),
    '',
    ...(settings.livePage ? [`Watch it in a browser: ${server}/`, ''] : []),
    'Try it:',
    `  curl -H 'Content-Type: application/json' -d '{}' ${shellWord(`${server}/ping.v1.PingService/Ping`)}`,
    `  curl -H 'Content-Type: application/json' -d '{}' ${shellWord(`${server}/ping.v1.PingService/PingCount`)}`,
    `  ${cli} ping -n 1000`,
    `  ${cli} count`,
    `  ${cli} buckets --unit minute`,
    `  ${verifyLine(settings, dataDir, addresses)}`,
    `  PGPASSFILE=${shellWord(passwordFile(dataDir))} psql ${addressOf(addresses, 'postgres') ?? ''}`,
    `  redis-cli -u ${shellWord(cache)} HGETALL ping:counters`,
    ...(cache.includes(HIDDEN) ? [`Replace ${HIDDEN} with the password of your cache.`] : []),
    ...settings.extras.flatMap(name => ['', `Try ${TITLES[name]}:`, ...EXTRA_LINES[name](settings, addresses).map(line => `  ${line}`)]),
    '',
    ...(settings.extras.length === 0
      ? [`Two more systems can run next to Ping, a server for round trips and a semaphore: ${startCommand(EXTRAS)}`]
      : []),
    'Ctrl-C stops everything.',
  ]
  return `${lines.join('\n')}\n`
}

const TITLES: Readonly<Record<Extra, string>> = { pong: 'the round trip', semaphore: 'the semaphore' }

const EXTRA_LINES: Readonly<Record<Extra, (settings: LocalSettings, addresses: readonly Address[]) => readonly string[]>> = {
  pong: (_, addresses) => [`${commandLine({ KAFKA_BROKERS: addressOf(addresses, 'kafka') })} rtt --pong -c 10`],
  semaphore: ({ kafkaBrokers, consolePort }, addresses) => {
    const address = addressOf(addresses, 'semaphore') ?? ''
    return [
      `curl --location --request POST ${shellWord(`${address}/command`)} --header 'Content-Type: text/plain' --data-raw 'This is a message.'`,
      ...(kafkaBrokers.length === 0 ? [`printf 'c@actionable-commands\\nq\\n' | nc 127.0.0.1 ${consolePort}`] : []),
      `${commandLine({ SEMAPHORE_ADDRESS: address })} semaphore resources`,
    ]
  },
}

function addressLine({ name, address, kind }: Address, state: PartState | undefined): string {
  const shown = [address, kind && `(${kind})`, STATES[state ?? 'ready']]
  return `  ${name.padEnd(10)} ${shown.filter(Boolean).join('  ')}`
}

/** All were ready a moment ago: one that is not has just exited and is being restarted. */
const STATES: Readonly<Record<PartState, string>> = { ready: '', starting: '(starting)', stopped: '(stopped)' }

/** `verify` reads the stores itself, so it needs the address of each that is not at its default; for Postgres, the folder with its address and password. */
function verifyLine(settings: LocalSettings, dataDir: string, addresses: readonly Address[]): string {
  const folder = settings.dataDir === DEFAULTS.PING_DATA_DIR ? DEFAULTS.PING_DATA_DIR : dataDir
  const stores = { PING_DATA_DIR: folder, REDIS_URL: addressOf(addresses, 'cache') }
  return `${commandLine({ ...stores, PING_ADDRESS: serverOf(settings) })} verify`
}

function commandLine(values: { readonly [Name in keyof typeof DEFAULTS]?: string | undefined }): string {
  const names = Object.keys(values) as (keyof typeof DEFAULTS)[]
  const others = names.filter(name => values[name] !== undefined && values[name] !== DEFAULTS[name])
  return [...others.map(name => `${name}=${shellWord(values[name] ?? '')}`), 'npx pingcli'].join(' ')
}

function serverOf({ hosts, serverPort }: LocalSettings): string {
  return urlOf(hosts, serverPort)
}

function addressOf(addresses: readonly Address[], name: PartName): string | undefined {
  return addresses.find(address => address.name === name)?.address
}
