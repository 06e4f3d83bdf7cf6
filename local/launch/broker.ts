import { createConnection } from 'node:net'
import { basename, dirname, resolve } from 'node:path'
import { makeLevels } from '../../src/runtime/make-levels.ts'
import { startChild, untilReady, type Child, type ChildHooks } from './child.ts'

export interface BrokerOptions extends ChildHooks {
  /** What Node runs. */
  readonly main: string
  readonly port: number
  /** Created when absent. */
  readonly dataDir: string
  /** Further settings, by Kafka's names. */
  readonly settings?: Readonly<Record<string, string | number>>
  /** Flags for Node itself. */
  readonly nodeFlags?: readonly string[]
  readonly env?: NodeJS.ProcessEnv
}

/** Starts Ping's own broker as a process, and waits until it accepts connections. */
export async function launchBroker(options: BrokerOptions): Promise<Child> {
  const { main, port, dataDir, onLine, onSpawn, nodeFlags = [], env } = options
  // Run in the parent of its folder, since a setting cannot carry every path: a comma would split it in two.
  const cwd = dirname(resolve(dataDir))
  makeLevels(cwd)
  const settings = { listeners: `PLAINTEXT://127.0.0.1:${port}`, 'log.dirs': `./${basename(dataDir)}`, ...options.settings }
  const args = [...nodeFlags, main, ...Object.entries(settings).flatMap(([name, value]) => ['--override', `${name}=${value}`])]
  const child = await startChild({ name: 'kafka', command: process.execPath, args, cwd, onLine, onSpawn, ...(env && { env }) })
  await untilReady(child, () => acceptsConnections(port))
  return child
}

async function acceptsConnections(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = createConnection({ host: '127.0.0.1', port })
    const done = (isOpen: boolean): void => {
      socket.destroy()
      resolve(isOpen)
    }
    socket.once('connect', () => done(true))
    socket.once('error', () => done(false))
  })
}
