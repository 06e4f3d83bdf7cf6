import { freePort } from '../../local/parts/free-port.ts'
import { launchRedis } from '../../local/parts/redis.ts'

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
  const port = options.port ?? (await freePort())
  const launch = () => launchRedis({ command: 'redis-server', port })
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
