import { execFileSync, spawn } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import type { PlainUser } from '../../local/launch/plain-user.ts'
import { identityOf } from '../../local/supervision/identity-of.ts'
import { COMPILE_CACHE } from '../../src/runtime/compile-cache.ts'
import { wait } from '../../src/runtime/wait.ts'
import { freePort } from './free-port.ts'

const ROOT = join(import.meta.dirname, '..', '..')

/** What is started: the command itself, with stubs for server and processor, or npm. */
const COMMANDS = {
  node: [process.execPath, join(ROOT, 'local', 'main.ts')],
  stubs: [process.execPath, join(ROOT, 'test', 'local', 'stubs', 'main.ts')],
  npm: ['npm', 'start'],
} as const

/** No Kafka is started for it, and none is there. */
export const NO_KAFKA = { KAFKA_BROKERS: '127.0.0.1:1' }

/** A data folder and ports of one's own, for one `npm start` after the other. */
export interface LocalPlace {
  readonly env: Readonly<Record<string, string>>
  readonly dataDir: string
  /** The pids that the data folder notes, by part. */
  pids(): Readonly<Record<string, number>>
  /** The pids among them whose process still lives. */
  alive(): readonly number[]
  /** What was started here; `startLocalPing` adds to it. */
  readonly started: number[]
  /** Kills what still lives, removes all data, and returns how many parts were still alive: none, if all went well. */
  clear(): number
}

export interface LocalPing {
  /** The id of the started process; it leads its own process group, like the job of a terminal. */
  readonly pid: number
  readonly exited: Promise<number | NodeJS.Signals>
  /** Everything that was printed so far. */
  output(): string
  /** Resolves when the output matches, from `from` characters on; rejects, with the output, when it ends or takes too long. */
  until(pattern: RegExp, from?: number): Promise<void>
  signal(name: NodeJS.Signals): void
  /** As a terminal does with Ctrl-C: to the whole group. */
  signalGroup(name: NodeJS.Signals): void
}

/** `closed`: the folder above is its owner's alone, as root's home is. `user`: who owns it. */
export async function localPlace(options: { user?: PlainUser; closed?: boolean } = {}): Promise<LocalPlace> {
  const home = mkdtempSync(join(tmpdir(), 'ping-test-local-'))
  chmodSync(home, options.closed ? 0o700 : 0o755) // as root, Postgres runs as a plain user, who must get in
  if (options.user) chownSync(home, options.user.uid, options.user.gid)
  const dataDir = join(home, 'data')
  const names = ['PORT', 'PROCESSOR_PORT', 'SEMAPHORE_PORT', 'PONG_PORT', 'POSTGRES_PORT', 'KAFKA_PORT', 'CONSOLE_PORT', 'REDIS_PORT']
  const ports = await Promise.all(names.map(async name => [name, String(await freePort())] as const))
  const recorded = (): [string, { pid: number; identity: string }][] => {
    const run = join(dataDir, 'run')
    const files = existsSync(run) ? readdirSync(run).filter(file => file.endsWith('.json')) : []
    return files.map(file => [file.replace('.json', ''), JSON.parse(readFileSync(join(run, file), 'utf8'))])
  }
  const pids = () => Object.fromEntries(recorded().map(([part, { pid }]) => [part, pid]))
  // A pid alone may be another process by now, which must not be killed.
  const alive = () => recorded().flatMap(([, { pid, identity }]) => (identityOf(pid) === identity ? [pid] : []))
  const started: number[] = []
  return {
    env: { ...Object.fromEntries(ports), PING_DATA_DIR: dataDir },
    dataDir,
    pids,
    alive,
    started,
    clear: () => {
      const left = alive()
      for (const pid of started) kill(-pid) // with what it runs in: npm alone would leave a Ping that starts its parts again
      for (const pid of alive()) kill(pid)
      const postgres = join(dataDir, 'postgres')
      if (lstatSync(postgres, { throwIfNoEntry: false })?.isSymbolicLink())
        rmSync(dirname(readlinkSync(postgres)), { recursive: true, force: true })
      rmSync(home, { recursive: true, force: true, maxRetries: 5 })
      return left.length
    },
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // it has ended, as it should
  }
}

/** Clears the place after each test. Parts that a passed test leaves alive fail it; a failed one has already reported its reason. */
export function clearAfterEach(place: () => LocalPlace): void {
  afterEach(({ task }) => {
    const left = place().clear()
    if (task.result?.state !== 'fail') expect(left, 'parts left alive').toBe(0)
  })
}

/** What a first start has created, for tests of later starts: a copy takes a tenth of the time. */
export function createdDatabase(): { addTo(place: LocalPlace): void } {
  let first: LocalPlace
  beforeAll(async () => {
    first = await localPlace()
    const ping = startLocalPing(first, 'stubs', { env: NO_KAFKA })
    await ping.until(/Ctrl-C stops everything/)
    ping.signal('SIGTERM')
    await ping.exited
    // It outlives a kill of PostgreSQL all the same; only the machine itself must not fail.
    appendFileSync(join(first.dataDir, 'postgres', 'postgresql.conf'), 'fsync = off\n')
  })
  afterAll(() => void first.clear())
  return {
    addTo: ({ dataDir }) => {
      mkdirSync(dataDir)
      execFileSync('cp', ['-a', join(first.dataDir, 'postgres'), join(first.dataDir, 'pgpass'), dataDir])
    },
  }
}

const LIMIT_MS = 40_000

/** Starts Ping on this place, as a person does in a terminal. */
export function startLocalPing(
  place: LocalPlace,
  what: keyof typeof COMMANDS,
  options: { env?: Readonly<Record<string, string>>; user?: PlainUser; args?: readonly string[] } = {},
): LocalPing {
  const [command, ...words] = COMMANDS[what]
  const args = [...words, ...(what === 'npm' && options.args ? ['--'] : []), ...(options.args ?? [])]
  const { user } = options
  const child = spawn(command, args, {
    cwd: ROOT,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_COMPILE_CACHE: COMPILE_CACHE, ...place.env, ...options.env },
    ...(user && { uid: user.uid, gid: user.gid }),
  })
  let output = ''
  let ended = false
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const exited = new Promise<number | NodeJS.Signals>(resolve => {
    child.once('close', (code, signal) => {
      ended = true
      resolve(signal ?? code ?? -1)
    })
  })
  const pid = child.pid!
  place.started.push(pid)
  void exited.then(() => place.started.splice(place.started.indexOf(pid), 1))
  return {
    pid,
    exited,
    output: () => output,
    until: async (pattern, from = 0) => {
      const deadline = Date.now() + LIMIT_MS
      while (!pattern.test(output.slice(from))) {
        if (ended) throw new Error(`ended without ${pattern}:\n${output}`)
        if (Date.now() > deadline) throw new Error(`not within ${LIMIT_MS} ms: ${pattern} in the output:\n${output}`)
        await wait(20)
      }
    },
    signal: name => process.kill(pid, name),
    signalGroup: name => process.kill(-pid, name),
  }
}
