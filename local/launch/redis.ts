import { createConnection } from 'node:net'
import { join } from 'node:path'
import { startChild, untilReady, type Child, type ChildHooks } from './child.ts'
import { systemEnvironment } from './system-environment.ts'

const STAND_IN = join(import.meta.dirname, '..', 'cache-stand-in', 'main.ts')

export interface RedisOptions extends ChildHooks {
  /** `redis-server`, `valkey-server`, `dragonfly` or a path to one. */
  readonly command: string
  readonly port: number
  /** Replaces the arguments for Redis and Valkey. */
  readonly args?: readonly string[]
  /** Where it runs. */
  readonly dataDir?: string
}

/** Starts a Redis-like server without persistence (the cache is rebuilt from Postgres) and waits until it answers. */
export async function launchRedis(options: RedisOptions): Promise<Child> {
  const { command, port, dataDir, onLine, onSpawn } = options
  const args = options.args ?? [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--save',
    '',
    '--appendonly',
    'no',
    '--daemonize',
    'no',
    '--loglevel',
    'warning',
  ]
  const child = await startChild({ name: 'cache', command, args, onLine, onSpawn, ...(dataDir && { cwd: dataDir }) })
  await untilReady(child, () => answersPing(port))
  return child
}

/** Starts the stand-in that comes with Ping, as a process, and waits until it answers. */
export async function launchStandIn(options: { port: number; env?: NodeJS.ProcessEnv } & ChildHooks): Promise<Child> {
  const { port, env = {}, onLine, onSpawn } = options
  const args = [STAND_IN, '--port', String(port)]
  const child = await startChild({
    name: 'cache',
    command: process.execPath,
    args,
    env: { ...systemEnvironment(), ...env },
    onLine,
    onSpawn,
  })
  await untilReady(child, () => answersPing(port))
  return child
}

/** True when something on this port answers RESP's PING. */
async function answersPing(port: number, host = '127.0.0.1'): Promise<boolean> {
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
