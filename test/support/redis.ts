import type { Child } from '../../local/launch/child.ts'
import { freePort } from '../../local/launch/free-port.ts'
import { launchRedis, launchStandIn } from '../../local/launch/redis.ts'
import { can, isHere } from './tiers.ts'

/** What serves Ping as its cache: nothing in Ping may depend on which. */
export type CacheKind = 'Redis' | 'the stand-in'

/** For tests that run with each: `describe.each(cacheKinds())('… (%s)', kind => …)`. */
export function cacheKinds(): readonly CacheKind[] {
  return [...(can('redis') ? (['Redis'] as const) : []), 'the stand-in']
}

/** What a test gets that only needs a cache: the real one where this machine has it. */
export function usualCache(): CacheKind {
  return isHere('redis') ? 'Redis' : 'the stand-in'
}

export interface TestRedis {
  /** redis://127.0.0.1:<port> */
  readonly url: string
  readonly port: number
  /** Of the server that runs now. */
  readonly pid: number
  stop(): Promise<void>
  /** As a crash: everything in it is gone. */
  kill9(): Promise<void>
  /** Starts it again, empty, on the same port. */
  restart(): Promise<void>
}

const LAUNCH: Readonly<Record<CacheKind, (place: { port: number }) => Promise<Child>>> = {
  Redis: ({ port }) => launchRedis({ command: 'redis-server', port }),
  'the stand-in': launchStandIn,
}

/** An empty cache of one's own, a process without persistence: a real `redis-server`, or the stand-in of `npm start`. */
export async function startCache(kind: CacheKind = usualCache()): Promise<TestRedis> {
  const port = await freePort()
  const launch = () => LAUNCH[kind]({ port })
  let child = await launch()
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    get pid() {
      return child.pid
    },
    stop: async () => {
      await child.stop()
    },
    kill9: async () => {
      await child.kill9()
    },
    restart: async () => {
      await child.stop()
      child = await launch()
    },
  }
}
