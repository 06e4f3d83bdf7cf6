import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { startChild, untilReady, type Child } from '../../local/launch/child.ts'
import { freePort } from '../../local/launch/free-port.ts'
import { systemEnvironment } from '../../local/launch/system-environment.ts'
import { wait } from '../../src/runtime/wait.ts'
import type { Bench } from '../bench.ts'
import { readHolding, type Holding } from '../measuring/read-holding.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const PORTS = ['PORT', 'PROCESSOR_PORT', 'POSTGRES_PORT', 'KAFKA_PORT', 'CONSOLE_PORT', 'REDIS_PORT']
/** The beginning of the banner, which says that everything is ready. */
const READY = 'Ping is running.'
const START_LIMIT_MS = 60_000
const STOP_LIMIT_MS = 30_000
/** The time after the start until nothing is compiled or set up any more. */
const SETTLE_MS = 4_000

/** All of Ping on one machine, as `npm start` runs it, without npm itself. */
export interface NpmStart {
  /** From the start of the process until everything is ready. */
  readonly newFolderMs: number
  readonly sameFolderMs: number
  /** Without any call, by part; empty where the system does not report it. */
  readonly atRest: readonly PartAtRest[]
}

export interface PartAtRest {
  readonly part: string
  /** In % of a core. */
  readonly cpuPercent: number
  readonly memoryMb: number
}

/** Starts it on a new folder and again on the same one, and measures it at rest. */
export async function measureNpmStart(bench: Bench): Promise<NpmStart> {
  const folder = mkdtempSync(join(tmpdir(), 'ping-bench-start-'))
  chmodSync(folder, 0o755) // Postgres may run as another user
  bench.teardown.add(() => rmSync(folder, { recursive: true, force: true }))
  const first = await start(bench, join(folder, 'data'))
  await first.child.stop('SIGTERM', STOP_LIMIT_MS)
  const second = await start(bench, join(folder, 'data'))
  bench.progress(`npm start: ready after ${first.tookMs.toFixed(0)} ms on a new folder, ${second.tookMs.toFixed(0)} ms on the same one`)
  const atRest = await lookAtRest(second, bench.options.restMs)
  await second.child.stop('SIGTERM', STOP_LIMIT_MS)
  rmSync(folder, { recursive: true, force: true })
  return { newFolderMs: first.tookMs, sameFolderMs: second.tookMs, atRest }
}

interface Started {
  readonly child: Child
  readonly tookMs: number
  /** The process of each part. */
  readonly pids: ReadonlyMap<string, number>
}

async function start(bench: Bench, dataDir: string): Promise<Started> {
  const ports = Object.fromEntries(await Promise.all(PORTS.map(async name => [name, String(await freePort())])))
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: { start: string } }
  const path = [dirname(process.execPath), systemEnvironment()['PATH']].join(delimiter)
  const env = { ...systemEnvironment(), ...ports, PATH: path, PING_DATA_DIR: dataDir }
  const pids = new Map<string, number>()
  let readyAt: number | undefined
  const onLine = (line: string): void => {
    const [, part, pid] = PART_READY.exec(line) ?? []
    if (part !== undefined) pids.set(part, Number(pid))
    if (line.startsWith(READY)) readyAt = performance.now()
  }
  const bornAt = performance.now()
  const child = await startChild({ name: 'npm start', command: '/bin/sh', args: ['-c', scripts.start], cwd: ROOT, env, onLine })
  bench.teardown.add(() => child.stop('SIGTERM', STOP_LIMIT_MS))
  await untilReady(child, () => readyAt !== undefined, START_LIMIT_MS)
  return { child, pids, tookMs: (readyAt ?? NaN) - bornAt }
}

const PART_READY = /^(\w+) +\| \* ready \(pid (\d+)\)/

async function lookAtRest({ child, pids }: Started, lookMs: number): Promise<readonly PartAtRest[]> {
  const look = (): readonly [string, Holding | undefined][] => [
    ['npm start', readHolding(child.pid, [...pids.values()])],
    ...[...pids].map(([part, pid]): [string, Holding | undefined] => [part, readHolding(pid)]),
  ]
  await wait(SETTLE_MS)
  const [before, startedMs] = [new Map(look()), performance.now()]
  await wait(lookMs)
  const ms = performance.now() - startedMs
  return look().flatMap(([part, after]) => {
    const used = after && after.cpuNs - (before.get(part)?.cpuNs ?? NaN)
    return used === undefined ? [] : [{ part, cpuPercent: used / 1e4 / ms, memoryMb: after?.memoryMb ?? NaN }]
  })
}
