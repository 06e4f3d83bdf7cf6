import { addressList } from '../src/runtime/address.ts'
import { integer, SettingsError, text, type SettingsOf } from '../src/runtime/settings.ts'

const port = (env: string, of: string, fallback: number) => integer(env, { help: `Port of ${of}.`, fallback, min: 1, max: 65_535 })

/** The settings of `npm start`. */
export const localSettings = {
  serverPort: port('PORT', 'the server', 8080),
  processorPort: port('PROCESSOR_PORT', "the processor's health and metrics pages", 8081),
  postgresPort: port('POSTGRES_PORT', 'the embedded PostgreSQL', 5432),
  kafkaPort: port('KAFKA_PORT', 'Kafka, unless KAFKA_BROKERS is given', 9092),
  consolePort: port('CONSOLE_PORT', "the broker's line console, unless KAFKA_BROKERS is given", 9090),
  redisPort: port('REDIS_PORT', 'the cache, unless REDIS_URL is given', 6379),
  dataDir: text('PING_DATA_DIR', { help: 'Folder of all data, made when absent.', fallback: '.ping' }),
  redisUrl: text('REDIS_URL', {
    help: 'A cache of your own: none is started then.',
    expected: 'redis://host:port or rediss://host:port',
    pattern: /^rediss?:\/\/./,
    fallback: undefined,
    secret: true,
  }),
  kafkaBrokers: addressList('KAFKA_BROKERS', { help: 'Kafka of your own: none is started then.', fallback: [] }),
}

export type LocalSettings = SettingsOf<typeof localSettings>

/** The ports that will be listened on, each with the setting that changes it. */
export function portsInUse(settings: LocalSettings): readonly { readonly env: string; readonly port: number }[] {
  return [
    { env: 'PORT', port: settings.serverPort },
    { env: 'PROCESSOR_PORT', port: settings.processorPort },
    { env: 'POSTGRES_PORT', port: settings.postgresPort },
    ...(settings.redisUrl === undefined ? [{ env: 'REDIS_PORT', port: settings.redisPort }] : []),
    ...(settings.kafkaBrokers.length === 0
      ? [
          { env: 'KAFKA_PORT', port: settings.kafkaPort },
          { env: 'CONSOLE_PORT', port: settings.consolePort },
        ]
      : []),
  ]
}

/** Throws SettingsError when two parts would get the same port. */
export function checkDistinctPorts(settings: LocalSettings): void {
  const seen = new Map<number, string>()
  for (const { env, port } of portsInUse(settings)) {
    const other = seen.get(port)
    if (other !== undefined) throw new SettingsError(`${env}: got ${port}, which ${other} has too; expected a port of its own`)
    seen.set(port, env)
  }
}
