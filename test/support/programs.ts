import { join } from 'node:path'
import { startChild, untilReady, type Child, type Exit } from '../../local/parts/child.ts'
import { freePort } from './free-port.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const PROGRAMS = {
  server: { main: join(ROOT, 'src', 'server', 'main.ts'), portSetting: 'PORT' },
  processor: { main: join(ROOT, 'processor', 'main.ts'), portSetting: 'PROCESSOR_PORT' },
} as const

export interface TestProgram {
  readonly port: number
  /** http://127.0.0.1:<port> */
  readonly url: string
  /** Of the process that runs now. */
  readonly pid: number
  /** The last lines of its output. */
  tail(): readonly string[]
  /** SIGTERM: it drains. Resolves with how it ended; safe to call again. */
  stop(): Promise<Exit>
  /** As a crash. */
  kill9(): Promise<void>
  /** Stands still, as a long pause of the machine would make it, until `wake`. */
  freeze(): void
  wake(): void
  /** Starts it again on the same port with the same settings, stopping it first when it runs. */
  restart(): Promise<void>
}

export interface ProgramOptions {
  /** Settings: DATABASE_URL, REDIS_URL, KAFKA_BROKERS, KAFKA_TOPIC … */
  readonly env: Readonly<Record<string, string>>
  /** The page that has to answer 200 before the start is over. Default `/livez`. */
  readonly until?: '/livez' | '/readyz'
}

/** Starts a program of Ping as a process of its own, on a free port. */
export async function startProgram(name: keyof typeof PROGRAMS, options: ProgramOptions): Promise<TestProgram> {
  const { main, portSetting } = PROGRAMS[name]
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const env = { ...process.env, ...options.env, [portSetting]: String(port) }
  const launch = async (): Promise<Child> => {
    const child = await startChild({ name, command: process.execPath, args: [main], env })
    await untilReady(child, () => answers(`${url}${options.until ?? '/livez'}`))
    return child
  }
  let child = await launch()
  return {
    port,
    url,
    get pid() {
      return child.pid
    },
    tail: () => child.tail(),
    stop: () => child.stop('SIGTERM', 30_000),
    kill9: async () => {
      await child.kill9()
    },
    freeze: () => void process.kill(child.pid, 'SIGSTOP'),
    wake: () => void process.kill(child.pid, 'SIGCONT'),
    restart: async () => {
      await child.stop()
      child = await launch()
    },
  }
}

async function answers(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(1_000) }).catch(() => undefined)
  await response?.body?.cancel()
  return response?.ok ?? false
}
