import { Redis } from 'ioredis'
import { HASH, TOTAL } from '../../src/counters/names.ts'
import { countRows } from '../contenders/start-plain.ts'
import { askCount } from '../load/ask-count.ts'
import { createDatabase } from '../parts/databases.ts'
import { startProcessor, startServer, type PingPlace, type ProgramHost } from '../ping/ping-programs.ts'
import type { Side } from './side.ts'
import { untilDone } from './until-done.ts'

const NAME = 'ping'
/** The plain way uses the cache's first database. */
const CACHE_DB = 1

/** Starts Ping: its server and its processor. */
export async function startPingSide(host: ProgramHost): Promise<Side> {
  const place: PingPlace = { name: NAME, cacheDb: CACHE_DB, database: await createDatabase(host.parts, NAME) }
  const redis = new Redis({ port: host.parts.cache.port, host: '127.0.0.1', db: CACHE_DB })
  redis.on('error', () => undefined)
  host.teardown.add(() => redis.disconnect())
  let server = await startServer(host, place)
  let processor = await startProcessor(host, place)
  const ask = (message: object): ReturnType<typeof askCount> => askCount(server.port, message)
  return {
    name: 'Ping',
    port: () => server.port,
    async killServer() {
      await server.kill()
      server = await startServer(host, place)
    },
    async counterOutage(during) {
      await processor.kill()
      await during()
      processor = await startProcessor(host, place)
    },
    inCache: async () => Number((await redis.hget(HASH, TOTAL)) ?? 0),
    loseCache: async () => void (await redis.flushdb()),
    range: async (startMs, endMs) => (await ask({ timeRange: { start: startMs, end: endMs } })).count,
    settled: () =>
      untilDone(
        async () => ({ rows: await countRows(place.database), ...(await ask({})) }),
        ({ rows, count, source }) => source === 'cache' && rows === count,
      ).then(({ rows, count }) => ({ rows, cached: count })),
  }
}
