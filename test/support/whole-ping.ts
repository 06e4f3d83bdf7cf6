import { join } from 'node:path'
import { runToEnd } from '../../local/launch/child.ts'
import { sharedKafka, startKafka, uniqueName, type KafkaKind, type TestKafka } from './kafka.ts'
import { startPostgres, testDatabase, type TestPostgres } from './postgres.ts'
import { placeSettings, startProcessor, startServer, type PingPlace, type Program, type ProgramSettings } from './programs.ts'
import { startCache, type CacheKind, type TestRedis } from './redis.ts'

const CLI = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts')
const DATABASE = 'ping'

export interface WholePingOptions {
  /** Ping's own broker unless another is asked for. */
  readonly kafka?: KafkaKind
  /** Where a broker runs that the test has started. Default: the shared one. */
  readonly brokers?: string
  /** The usual one unless another is asked for. */
  readonly cache?: CacheKind
  readonly servers?: number
  readonly processors?: number
  readonly serverSettings?: ProgramSettings
  readonly processorSettings?: ProgramSettings
}

/** All of Ping as in production: each program is a separate process, on real parts. */
export interface WholePing {
  readonly place: PingPlace
  readonly redis: TestRedis
  readonly servers: readonly Program[]
  readonly processors: readonly Program[]
  /** Runs `pingcli verify`; resolves with its words if it says OK, rejects with them if not. */
  verify(wait?: string): Promise<string>
  /** Stops all, and removes what was made for it. */
  stop(): Promise<void>
}

/** With a Postgres and a Kafka that are its own, and may be killed. */
export interface OwnPing extends WholePing {
  readonly postgres: TestPostgres
  readonly kafka: TestKafka
}

/** On the shared Postgres and Kafka of the test run, with its own cache. */
export async function startPing(options: WholePingOptions = {}): Promise<WholePing> {
  const [database, brokers, redis] = await Promise.all([
    testDatabase(),
    options.brokers ?? sharedKafka(options.kafka),
    startCache(options.cache),
  ])
  const place = { databaseUrl: database.url, brokers, redisUrl: redis.url, topic: uniqueName('e2e') }
  return startPrograms(place, redis, options, database.drop)
}

/** On its own, durable parts. */
export async function startOwnPing(options: WholePingOptions = {}): Promise<OwnPing> {
  const [postgres, kafka, redis] = await Promise.all([startPostgres(), startKafka(options.kafka), startCache(options.cache)])
  const { url: databaseUrl } = await postgres.createDatabase(DATABASE)
  const place = { databaseUrl, brokers: kafka.brokers, redisUrl: redis.url, topic: uniqueName('faults') }
  const ping = await startPrograms(place, redis, options, () => Promise.all([postgres.stop(), kafka.stop()]))
  return { ...ping, postgres, kafka }
}

async function startPrograms(
  place: PingPlace,
  redis: TestRedis,
  options: WholePingOptions,
  stopParts: () => Promise<unknown>,
): Promise<WholePing> {
  const { servers: serverCount = 1, processors: processorCount = 1, serverSettings, processorSettings } = options
  const servers = await Promise.all(Array.from({ length: serverCount }, () => startServer(place, serverSettings)))
  const processors = await Promise.all(Array.from({ length: processorCount }, () => startProcessor(place, processorSettings)))
  const programs = [...servers, ...processors]
  const stop = async (): Promise<void> => {
    await Promise.all(programs.map(program => program.stop()))
    await Promise.all([redis.stop(), stopParts()])
  }
  await Promise.all(programs.map(program => program.untilReady())).catch(async (error: unknown) => {
    await stop()
    throw error
  })
  return {
    place,
    redis,
    servers,
    processors,
    verify: (wait = '20s') => {
      const env = { ...process.env, ...placeSettings(place), PING_ADDRESS: servers[0]!.url }
      return runToEnd({ name: 'pingcli verify', command: process.execPath, args: [CLI, 'verify', '--wait', wait], env })
    },
    stop,
  }
}
