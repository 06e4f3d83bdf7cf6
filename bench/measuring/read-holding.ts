import { readdirSync, readFileSync } from 'node:fs'
import { readProcesses, treePids } from './cpu.ts'
import { sum } from './statistics.ts'

const KIB = 1024
const MB = 1_000_000

/** The CPU time and memory of a process tree; undefined where the system does not report them. */
export interface Holding {
  /** CPU time of all its running threads, in ns: the ticks of /proc/<pid>/stat are too coarse for little CPU time. */
  readonly cpuNs: number
  /** Memory in MB; shared memory is divided among the processes. */
  readonly memoryMb: number
}

/** Reads a process tree, without the trees of `except`. Undefined without /proc, or if the kernel keeps no such statistics. */
export function readHolding(rootPid: number, except: readonly number[] = []): Holding | undefined {
  const processes = readProcesses()
  if (processes === undefined) return undefined
  const left = new Set(except.flatMap(pid => treePids(processes, pid)))
  const pids = treePids(processes, rootPid).filter(pid => !left.has(pid))
  try {
    return { cpuNs: sum(pids.map(cpuNs)), memoryMb: sum(pids.map(pid => parsePss(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1')))) }
  } catch {
    return undefined // the file does not exist or is not readable
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
  if (kib === undefined) throw new Error('smaps_rollup: got no line Pss')
  return (Number(kib) * KIB) / MB
}
