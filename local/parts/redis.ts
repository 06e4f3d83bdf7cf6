import { createConnection } from 'node:net'
import { startChild, untilReady, type Child } from './child.ts'

export interface RedisOptions {
  /** `redis-server`, `valkey-server` or a path to one. */
  readonly command: string
  readonly port: number
  /** Where it runs and, with `save`, puts its file. */
  readonly dataDir?: string
  readonly onLine?: (line: string) => void
}

/** Starts a Redis-like server without persistence (the cache is rebuilt from Postgres) and waits until it answers. */
export async function launchRedis(options: RedisOptions): Promise<Child> {
  const { command, port, dataDir, onLine } = options
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--daemonize', 'no']
  const child = await startChild({ name: 'cache', command, args, onLine, ...(dataDir && { cwd: dataDir }) })
  await untilReady(child, () => answersPing(port))
  return child
}

/** True when something on this port answers RESP's PING. */
export async function answersPing(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise(resolve => {
    const socket = createConnection({ host, port })
    const done = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(1_000, () => done(false))
    socket.once('connect', () => socket.write('PING\r\n'))
    socket.once('data', data => done(/^[+-]/.test(data.toString())))
    socket.once('error', () => done(false))
  })
}
