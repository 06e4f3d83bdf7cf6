import { HASH } from '../../src/counters/names.ts'
import type { Bench } from '../bench.ts'
import { portOf, startStateless } from '../contenders/contender.ts'
import type { LoadTarget } from '../contenders/load-cell.ts'
import { startPlainProgram } from '../contenders/start-plain.ts'
import { startProcessor, startServer, type PingPlace } from '../ping/ping-programs.ts'
import { watchPing } from '../ping/ping-state.ts'
import type { CountPlaces } from './count-places.ts'

/** A server that answers counts. */
export interface CountServer {
  readonly port: number
  readonly pids: LoadTarget['pids']
}

/** All that answer counts, on the same rows. */
export interface CountServers {
  readonly bare: CountServer
  readonly noOp: CountServer
  /** One COUNT(*) for each request. */
  readonly plain: CountServer
  /** One read of the cache for each request. */
  readonly plainCache: CountServer
  readonly ping: CountServer
  /** Ping on few rows. */
  readonly pingSmall: CountServer
  stop(): Promise<void>
}

export interface CountServersOptions {
  readonly poolSize: number
  /** The first of two numbers of databases of the cache. */
  readonly cacheDb: number
}

/** Starts them and waits until Ping's cache holds all rows. */
export async function startCountServers(bench: Bench, places: CountPlaces, options: CountServersOptions): Promise<CountServers> {
  const { postgres, cache } = bench.parts
  const bare = await startStateless('a', 'bare.ts')(bench)
  const noOp = await startStateless('b', 'no-op.ts')(bench)
  const ping = await startPingOnRows(bench, { name: 'ping_count', database: places.ping, cacheDb: options.cacheDb })
  const small = await startPingOnRows(bench, { name: 'ping_small', database: places.small, cacheDb: options.cacheDb + 1 })
  const order = { database: places.plain.url, poolSize: options.poolSize, topic: 'unused', cacheKey: HASH }
  const plain = await startPlainProgram(bench, { ...order, countFrom: 'database' })
  const plainCache = await startPlainProgram(bench, { ...order, countFrom: 'cache' })
  const pidsOf = (pid: number) => ({ server: pid, postgres: postgres.pid, cache: cache.pid })
  await ping.shareHash()
  return {
    bare,
    noOp,
    plain: { port: portOf(plain.ready), pids: { server: plain.pid, postgres: postgres.pid } },
    plainCache: { port: portOf(plainCache.ready), pids: { server: plainCache.pid, cache: cache.pid } },
    ping: { port: ping.port, pids: pidsOf(ping.pid) },
    pingSmall: { port: small.port, pids: pidsOf(small.pid) },
    stop: async () => {
      await Promise.all([bare, noOp, plain, plainCache, ping, small].map(each => each.stop()))
    },
  }
}

async function startPingOnRows(bench: Bench, place: PingPlace) {
  const server = await startServer(bench, place)
  const processor = await startProcessor(bench, place)
  const state = await watchPing(bench, place)
  await state.settle()
  await place.database.query('vacuum analyze pings')
  const stop = async (): Promise<void> => {
    await Promise.all([server.stop(), processor.stop()])
    await state.cache.flushall()
    await state.close()
  }
  // The plain way reads the same hash, in the database of the cache that is its own.
  const shareHash = () => state.cache.copy(HASH, HASH, 'DB', 0, 'REPLACE')
  return { port: server.port, pid: server.pid, stop, shareHash }
}
