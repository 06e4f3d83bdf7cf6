import type { Bench } from '../bench.ts'
import { askCount } from '../load/ask-count.ts'
import { createDatabase } from '../parts/databases.ts'
import { startProcessor, startServer, type PingPlace } from '../ping/ping-programs.ts'
import { watchPing, type PingState } from '../ping/ping-state.ts'
import { readPostgresTop } from '../profile/postgres-top.ts'
import { writePostgresTop } from '../profile/read-profiles.ts'
import type { Contender } from './contender.ts'
import { countRows } from './start-plain.ts'

export interface PingContender extends Contender {
  readonly state: PingState
}

/** Only the Ping that is compared with the other contenders keeps the profile of Postgres. */
export const PROFILED = 'ping'

export interface PingOptions {
  /** For the server and the processor. */
  readonly settings?: NodeJS.ProcessEnv
  /** The folder of the programs. Default: this one. */
  readonly folder?: string | undefined
}

/** Contender (d): Ping itself, server and processor, with its own database, topic and cache. */
export async function startPing(
  bench: Bench,
  name: string,
  cacheDb: number,
  { settings, folder }: PingOptions = {},
): Promise<PingContender> {
  const place: PingPlace = { name, cacheDb, folder, database: await createDatabase(bench.parts, name) }
  const server = await startServer(bench, place, settings)
  const processor = await startProcessor(bench, place, settings)
  const state = await watchPing(bench, place)
  const { postgres, kafka, cache } = bench.parts
  return {
    key: 'd',
    state,
    port: server.port,
    pids: {
      server: server.pid,
      postgres: { pid: postgres.pid, database: name },
      kafka: kafka.pid,
      processor: processor.pid,
      cache: cache.pid,
    },
    settle: state.settle,
    verify: async answered => {
      const { recorded, published, counted } = await state.read()
      const found = {
        answered,
        rows: await countRows(place.database),
        recorded,
        published,
        counted,
        cached: Number((await askCount(server.port, {})).count),
        strong: Number((await askCount(server.port, { consistency: 'CONSISTENCY_STRONG' })).count),
      }
      return new Set(Object.values(found)).size === 1
        ? undefined
        : `${name}: expected one and the same number, got ${JSON.stringify(found)}`
    },
    stop: async () => {
      await Promise.all([server.stop(), processor.stop()])
      if (bench.options.profileDir !== undefined && name === PROFILED)
        writePostgresTop(bench.options.profileDir, await readPostgresTop(bench.parts.postgres.port, name))
      await state.close()
      await place.database.drop()
    },
  }
}
