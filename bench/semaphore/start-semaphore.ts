import { fileURLToPath } from 'node:url'
import { startChild, untilReady } from '../../local/launch/child.ts'
import { freePort } from '../../local/launch/free-port.ts'
import { systemEnvironment } from '../../local/launch/system-environment.ts'
import type { Database } from '../parts/databases.ts'
import { isReady } from '../parts/is-ready.ts'
import type { Parts } from '../parts/parts.ts'
import type { Run } from '../run-and-exit.ts'

const MAIN = fileURLToPath(new URL('../../semaphore/main.ts', import.meta.url))
/** More than any stage keeps waiting. */
const WAITING_LIMIT = 2_000_000

export interface SemaphoreTopics {
  readonly requests: string
  readonly events: string
  readonly actionable: string
  readonly outcomes: string
}

/** The semaphore as a process of its own. */
export interface RunningSemaphore {
  readonly url: string
  readonly pid: number
  readonly topics: SemaphoreTopics
  stop(): Promise<unknown>
}

export interface SemaphorePlace {
  readonly run: Run
  readonly parts: Parts
  readonly database: Database
  readonly profileDir: string | undefined
}

/** Starts `semaphore/main.ts` on its own topics and waits until it is ready. */
export async function startSemaphore({ run, parts, database, profileDir }: SemaphorePlace): Promise<RunningSemaphore> {
  const port = await freePort()
  const topics = { requests: 'command-requests', events: 'command-events', actionable: 'actionable-commands', outcomes: 'command-outcomes' }
  const env = {
    ...systemEnvironment(),
    DATABASE_URL: database.url,
    KAFKA_BROKERS: `127.0.0.1:${parts.kafka.port}`,
    SEMAPHORE_PORT: String(port),
    SEMAPHORE_WAITING_LIMIT: String(WAITING_LIMIT),
    LOG_LEVEL: 'warn',
  }
  const profile = profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`]
  const child = await startChild({ name: 'semaphore', command: process.execPath, args: [...profile, MAIN], env })
  run.teardown.add(() => child.stop())
  const url = `http://127.0.0.1:${port}`
  await untilReady(child, () => isReady(url))
  return { url, pid: child.pid, topics, stop: () => child.stop() }
}
