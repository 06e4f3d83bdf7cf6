import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startChild, untilReady, type Child } from '../../local/launch/child.ts'
import { freePort } from '../../local/launch/free-port.ts'
import { NODE_FLAGS } from '../../local/parts/node-flags.ts'
import type { Bench, BenchOptions } from '../bench.ts'
import type { Database } from '../parts/databases.ts'

const THIS_FOLDER = fileURLToPath(new URL('../..', import.meta.url))
const [SERVER, PROCESSOR] = ['src/server/main.ts', 'processor/main.ts']
/** A migration may have many rows to number. */
const START_LIMIT_MS = 90_000

/** What starts programs: a bench, or another script. */
export interface ProgramHost extends Pick<Bench, 'parts' | 'teardown'> {
  readonly options: Pick<BenchOptions, 'profileDir'>
}

/** What a pair of Ping's programs works on: its own database, topic and cache. */
export interface PingPlace {
  readonly name: string
  readonly database: Database
  /** Number of the cache's database. */
  readonly cacheDb: number
  /** The folder of the programs. Default: this one. */
  readonly folder?: string | undefined
}

/** One of Ping's programs. */
export interface Program {
  readonly port: number
  readonly pid: number
  /** Resolves when it has ended. */
  stop(): Promise<unknown>
  /** kill -9. Resolves when it has ended. */
  kill(): Promise<unknown>
}

/** Starts `src/server/main.ts` and waits until it is ready to record. */
export async function startServer(bench: ProgramHost, place: PingPlace, settings: NodeJS.ProcessEnv = {}): Promise<Program> {
  const port = await freePort()
  const file = join(place.folder ?? THIS_FOLDER, SERVER)
  return start(bench, 'server', file, port, { ...environment(bench, place), PORT: String(port), ...settings })
}

/** Starts `processor/main.ts` and waits until it is ready. */
export async function startProcessor(bench: ProgramHost, place: PingPlace, settings: NodeJS.ProcessEnv = {}): Promise<Program> {
  const port = await freePort()
  const file = join(place.folder ?? THIS_FOLDER, PROCESSOR)
  return start(bench, 'processor', file, port, { ...environment(bench, place), PROCESSOR_PORT: String(port), ...settings })
}

async function start(
  bench: ProgramHost,
  name: keyof typeof NODE_FLAGS,
  file: string,
  port: number,
  env: NodeJS.ProcessEnv,
): Promise<Program> {
  const { profileDir } = bench.options
  const profile = profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`]
  const child: Child = await startChild({ name, command: process.execPath, args: [...NODE_FLAGS[name], ...profile, file], env })
  bench.teardown.add(() => child.stop())
  await untilReady(child, () => isReady(port), START_LIMIT_MS)
  return { port, pid: child.pid, stop: () => child.stop(), kill: () => child.kill9() }
}

async function isReady(port: number): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined)
  await response?.body?.cancel()
  return response?.ok ?? false
}

function environment({ parts }: ProgramHost, { name, database, cacheDb }: PingPlace): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    DATABASE_URL: database.url,
    KAFKA_BROKERS: `127.0.0.1:${parts.kafka.port}`,
    KAFKA_TOPIC: name,
    KAFKA_GROUP: name,
    REDIS_URL: `redis://127.0.0.1:${parts.cache.port}/${cacheDb}`,
    LOG_LEVEL: 'warn',
  }
}
