import type { Child } from '../../local/parts/child.ts'
import { freePort } from '../../local/parts/free-port.ts'
import { launchRedis, launchStandIn } from '../../local/parts/redis.ts'

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

/** A real, empty `redis-server` of one's own, without persistence, in 40 ms. */
export async function startRedis(options: { port?: number } = {}): Promise<TestRedis> {
  return start(options.port, port => launchRedis({ command: 'redis-server', port }))
}

/** The stand-in of `npm start`, empty, as a process of its own. */
export async function startStandIn(options: { port?: number } = {}): Promise<TestRedis> {
  return start(options.port, port => launchStandIn({ port }))
}

async function start(wanted: number | undefined, launchOn: (port: number) => Promise<Child>): Promise<TestRedis> {
  const port = wanted ?? (await freePort())
  const launch = () => launchOn(port)
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
