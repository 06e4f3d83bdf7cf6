import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import { describeExit, startChild, untilReady, type Child, type Exit } from '../../local/launch/child.ts'
import { wait } from '../../src/runtime/wait.ts'
import { freePort } from './free-port.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const READY_LIMIT_MS = 40_000
/** A program that runs may stop for seconds. */
const PAGE_LIMIT_MS = 20_000
/** Longer than a drain may take: a program that has to be killed fails its test by the exit that it then shows. */
const STOP_LIMIT_MS = 30_000

/** Where the programs of one Ping meet. */
export interface PingPlace {
  readonly databaseUrl: string
  readonly brokers: string
  readonly redisUrl: string
  /** Also the consumer group. */
  readonly topic: string
}

export type ProgramSettings = Readonly<Record<string, string>>

/** A program of Ping with status pages: a process that may be killed and comes back on its port. */
export interface Program {
  readonly name: string
  readonly port: number
  readonly url: string
  /** Of the process that runs now. */
  readonly pid: number
  /** How many times it was started. */
  readonly lives: number
  /** SIGTERM; resolves when it has ended. */
  stop(): Promise<Exit>
  kill9(): Promise<Exit>
  /** SIGSTOP and SIGCONT. */
  freeze(): void
  wake(): void
  /** Starts it again on its port; it is up some time later: see `untilReady`. */
  start(): Promise<void>
  untilReady(): Promise<void>
  isReady(): Promise<boolean>
  /** One value of /metrics, all labels summed up. */
  metric(name: string): Promise<number>
  /** Everything that it logged, in all its lives. */
  log(): readonly string[]
}

export interface ProgramFile {
  readonly name: string
  readonly file: string
  readonly portSetting: string
}

const SERVER: ProgramFile = { name: 'server', file: 'src/server/main.ts', portSetting: 'PORT' }
const PROCESSOR: ProgramFile = { name: 'processor', file: 'processor/main.ts', portSetting: 'PROCESSOR_PORT' }

/** Of the test that runs now, for the logs that are kept when it fails. */
const started = new Set<Program>()

/** Starts `src/server/main.ts` on a free port; it may not be ready yet. */
export function startServer(place: PingPlace, settings: ProgramSettings = {}): Promise<Program> {
  return startProgram(SERVER, { ...placeSettings(place), ...settings })
}

/** Starts `processor/main.ts` on a free port; it may not be ready yet. */
export function startProcessor(place: PingPlace, settings: ProgramSettings = {}): Promise<Program> {
  return startProgram(PROCESSOR, { ...placeSettings(place), ...settings })
}

/** What pingcli and the programs need to find the parts. */
export function placeSettings({ databaseUrl, brokers, redisUrl, topic }: PingPlace): ProgramSettings {
  return { DATABASE_URL: databaseUrl, KAFKA_BROKERS: brokers, KAFKA_TOPIC: topic, KAFKA_GROUP: topic, REDIS_URL: redisUrl }
}

/** Writes the programs' logs into a folder whenever a test of this file fails, and says where. */
export function keepLogsOnFailure(): void {
  afterEach(({ task }) => {
    if (task.result?.state !== 'fail') return
    const folder = mkdtempSync(join(tmpdir(), 'ping-failed-'))
    for (const program of started) writeFileSync(join(folder, `${program.name}-${program.port}.log`), program.log().join('\n'))
    console.warn(`logs of the programs: ${folder}`)
  })
}

/** Starts a program on a free port; it may not be ready yet. */
export async function startProgram({ name, file, portSetting }: ProgramFile, settings: ProgramSettings): Promise<Program> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const lines: string[] = []
  const note = (line: string) => void lines.push(`${new Date().toISOString()} ${line}`)
  const env = { ...process.env, [portSetting]: String(port), HOST: '127.0.0.1', ...settings }
  const launch = () => startChild({ name, command: process.execPath, args: [join(ROOT, file)], env, onLine: note })
  let child: Child = await launch()
  let lives = 1
  const isReady = () => answersOk(`${url}/readyz`)
  const end = async (ended: Promise<Exit>): Promise<Exit> => {
    const exit = await ended
    note(`--- ended ${describeExit(exit)}`)
    return exit
  }
  const signal = (what: NodeJS.Signals): void => {
    if (!child.exit()) process.kill(child.pid, what)
  }
  const program: Program = {
    name,
    port,
    url,
    get pid() {
      return child.pid
    },
    get lives() {
      return lives
    },
    stop: () => {
      signal('SIGCONT') // a frozen one would not hear of it
      return end(child.stop('SIGTERM', STOP_LIMIT_MS))
    },
    kill9: () => end(child.kill9()),
    freeze: () => signal('SIGSTOP'),
    wake: () => signal('SIGCONT'),
    start: async () => {
      await child.kill9()
      note('--- starting again')
      child = await launch()
      lives++
    },
    untilReady: () => untilReady(child, isReady, READY_LIMIT_MS),
    isReady,
    metric: metric => readMetric(url, metric),
    log: () => lines,
  }
  started.add(program)
  return program
}

async function answersOk(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined)
  await response?.body?.cancel()
  return response?.ok ?? false
}

async function readMetric(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(PAGE_LIMIT_MS) })).text()
  const values = text.split('\n').filter(line => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
  if (values.length === 0) throw new Error(`${url}/metrics has no ${name}`)
  return values.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}

/** Waits until `holds`; rejects with `what` when that takes longer than `limitMs`. Resolves with the ms that it took. */
export async function until(what: string, holds: () => Promise<boolean> | boolean, limitMs = 30_000): Promise<number> {
  const began = performance.now()
  for (;;) {
    if (await holds()) return performance.now() - began
    if (performance.now() - began > limitMs) throw new Error(`not within ${limitMs} ms: ${what}`)
    await wait(20)
  }
}
