import { addressList } from '../src/runtime/address.ts'
import { hostSetting, LOCALHOST } from '../src/runtime/host-setting.ts'
import { parseRedisUrl, REDIS_URL_EXPECTED } from '../src/runtime/redis-url.ts'
import { integer, readSettings, SettingsError, text, type Environment, type Setting, type SettingsOf } from '../src/runtime/settings.ts'
import { serverSettings } from '../src/server/settings.ts'
import type { Extra } from './arguments.ts'

const port = (env: string, of: string, fallback: number, unless?: string) =>
  integer(env, {
    help: `Port of ${of}${unless === undefined ? '' : `; not used if ${unless} is set`}.`,
    fallback,
    min: 1,
    max: 65_535,
    unless,
  })

/** The settings of `npm start`. */
export const localSettings = {
  serverPort: port('PORT', 'the server', 8080),
  processorPort: port('PROCESSOR_PORT', "the processor's health and metrics pages", 8081),
  semaphorePort: port('SEMAPHORE_PORT', 'the semaphore; used only with `--with semaphore`', 8082),
  pongPort: port('PONG_PORT', "the pong server's health and metrics pages; used only with `--with pong`", 8083),
  postgresPort: port('POSTGRES_PORT', 'the embedded PostgreSQL', 5432),
  kafkaPort: port('KAFKA_PORT', 'Kafka', 9092, 'KAFKA_BROKERS'),
  consolePort: port('CONSOLE_PORT', "the broker's line console", 9090, 'KAFKA_BROKERS'),
  redisPort: port('REDIS_PORT', 'the cache', 6379, 'REDIS_URL'),
  hosts: hostSetting({
    help: 'Addresses that the server, the semaphore, and the pages of the processor and of pong listen on; all other parts listen on 127.0.0.1.',
    fallback: LOCALHOST,
  }),
  dataDir: text('PING_DATA_DIR', { help: 'Folder for all data; created if it does not exist.', fallback: '.ping' }),
  redisUrl: text('REDIS_URL', {
    help: 'URL of your own cache; if set, no cache is started.',
    expected: REDIS_URL_EXPECTED,
    check: parseRedisUrl,
    fallback: undefined,
    secret: true,
  }),
  kafkaBrokers: addressList('KAFKA_BROKERS', { help: 'Addresses of your own Kafka; if set, no broker is started.', fallback: [] }),
}

/** Settings of the server that also change what is printed. The server reads them itself. */
const ofServer = { livePage: serverSettings.livePage }

export interface LocalSettings extends SettingsOf<typeof localSettings & typeof ofServer> {
  /** What runs next to Ping, from the command line. */
  readonly extras: readonly Extra[]
}

/** Throws SettingsError with every setting that is wrong. */
export function readLocalSettings(env: Environment, extras: readonly Extra[] = []): LocalSettings {
  return { ...readSettings({ ...localSettings, ...ofServer }, env), extras }
}

/** A port that a part will listen on, with the setting that changes it. */
export interface PortInUse {
  readonly env: string
  readonly port: number
  readonly hosts: readonly string[]
}

const HERE = ['127.0.0.1']

export function portsInUse(settings: LocalSettings): readonly PortInUse[] {
  const { hosts, extras } = settings
  return [
    { env: 'PORT', port: settings.serverPort, hosts },
    { env: 'PROCESSOR_PORT', port: settings.processorPort, hosts },
    ...(extras.includes('semaphore') ? [{ env: 'SEMAPHORE_PORT', port: settings.semaphorePort, hosts }] : []),
    ...(extras.includes('pong') ? [{ env: 'PONG_PORT', port: settings.pongPort, hosts }] : []),
    { env: 'POSTGRES_PORT', port: settings.postgresPort, hosts: HERE },
    ...(settings.redisUrl === undefined ? [{ env: 'REDIS_PORT', port: settings.redisPort, hosts: HERE }] : []),
    ...(settings.kafkaBrokers.length === 0
      ? [
          { env: 'KAFKA_PORT', port: settings.kafkaPort, hosts: HERE },
          { env: 'CONSOLE_PORT', port: settings.consolePort, hosts: HERE },
        ]
      : []),
  ]
}

/** The settings in `env` that a line to copy repeats: all but secrets. */
export function givenSettings(env: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
  const shown = Object.values<Setting<unknown>>(localSettings).filter(({ secret }) => !secret)
  return Object.fromEntries(shown.flatMap(({ env: name }) => (env[name] ? [[name, env[name]]] : [])))
}

/** Throws SettingsError when two parts would get the same port. */
export function checkDistinctPorts(settings: LocalSettings): void {
  const seen = new Map<number, string>()
  for (const { env, port } of portsInUse(settings)) {
    const other = seen.get(port)
    if (other !== undefined) throw new SettingsError(`${env}: got ${port}, which is also ${other}; expected a different port`)
    seen.set(port, env)
  }
}
