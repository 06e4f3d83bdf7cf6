import { readdirSync, readFileSync } from 'node:fs'
import { readProcesses, treePids } from './cpu.ts'
import { sum } from './statistics.ts'

const KIB = 1024
const MB = 1_000_000

/** What a tree of processes has used and holds; undefined where the system does not tell. */
export interface Holding {
  /** CPU time of all its threads that run, in ns: where little is used, the ticks of /proc/<pid>/stat are too coarse. */
  readonly cpuNs: number
  /** Memory in MB; what processes share is divided among them. */
  readonly memoryMb: number
}

/** Reads a process tree, without the trees of `except`. Undefined without /proc, or where the kernel keeps no such statistics. */
export function readHolding(rootPid: number, except: readonly number[] = []): Holding | undefined {
  const processes = readProcesses()
  if (processes === undefined) return undefined
  const left = new Set(except.flatMap(pid => treePids(processes, pid)))
  const pids = treePids(processes, rootPid).filter(pid => !left.has(pid))
  try {
    return { cpuNs: sum(pids.map(cpuNs)), memoryMb: sum(pids.map(pid => parsePss(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1')))) }
  } catch {
    return undefined // no such file here, or not ours to read
  }
}

/** The first number of a line of schedstat: ns on a processor. */
function cpuNs(pid: number): number {
  const folder = `/proc/${pid}/task`
  return sum(readdirSync(folder).map(thread => Number(readFileSync(`${folder}/${thread}/schedstat`, 'latin1').split(' ')[0])))
}

/** Reads Pss of /proc/<pid>/smaps_rollup, in MB. */
function parsePss(smaps: string): number {
  const kib = /^Pss:\s+(\d+) kB$/m.exec(smaps)?.[1]
  if (kib === undefined) throw new Error('smaps_rollup: expected a line Pss')
  return (Number(kib) * KIB) / MB
}
