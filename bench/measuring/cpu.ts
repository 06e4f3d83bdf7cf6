import { readdirSync, readFileSync } from 'node:fs'

/** The unit in which Linux reports CPU times, on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100

/** A process, from a line of /proc/<pid>/stat. */
export interface ProcessTimes {
  readonly pid: number
  readonly parentPid: number
  /** CPU time of the process and of its children that have ended and were waited for, in clock ticks. */
  readonly ticks: number
  /** CPU time of the process alone. */
  readonly ownTicks: number
}

/** Reads a line of /proc/<pid>/stat; the name in it may contain blanks and brackets. */
export function parseStat(line: string): ProcessTimes {
  const nameEnd = line.lastIndexOf(')')
  const fields = line
    .slice(nameEnd + 2)
    .split(' ')
    .map(Number)
  const [utime = 0, stime = 0, childUtime = 0, childStime = 0] = fields.slice(11, 15)
  return {
    pid: Number(line.slice(0, line.indexOf(' '))),
    parentPid: fields[1] ?? 0,
    ticks: utime + stime + childUtime + childStime,
    ownTicks: utime + stime,
  }
}

/** The ticks of a process with all its descendants; 0 if it does not exist. */
export function treeTicks(processes: readonly Omit<ProcessTimes, 'ownTicks'>[], rootPid: number): number {
  const children = Map.groupBy(processes, each => each.parentPid)
  const sum = (each: Omit<ProcessTimes, 'ownTicks'>): number =>
    (children.get(each.pid) ?? []).reduce((ticks, child) => ticks + sum(child), each.ticks)
  const root = processes.find(each => each.pid === rootPid)
  return root ? sum(root) : 0
}

/** A process and all its descendants. */
export function treePids(processes: readonly Pick<ProcessTimes, 'pid' | 'parentPid'>[], rootPid: number): readonly number[] {
  return [rootPid, ...processes.filter(each => each.parentPid === rootPid).flatMap(each => treePids(processes, each.pid))]
}

/** CPU seconds used so far by each named process tree. */
export type CpuSeconds = Readonly<Record<string, number>>

/** The processes of a Postgres that serve one database, or all databases; those that serve others do not count. */
export interface PostgresOf {
  readonly pid: number
  readonly database: string
}

/** Reads the CPU time of process trees; undefined where the system has no /proc (macOS). */
export function readCpu(roots: Readonly<Record<string, number | PostgresOf>>): CpuSeconds | undefined {
  const processes = readProcesses()
  if (processes === undefined) return undefined
  const ticksOf = (root: number | PostgresOf): number =>
    typeof root === 'number' ? treeTicks(processes, root) : postgresTicks(processes, root)
  return Object.fromEntries(Object.entries(roots).map(([name, root]) => [name, ticksOf(root) / TICKS_PER_SECOND]))
}

function postgresTicks(processes: readonly ProcessTimes[], { pid, database }: PostgresOf): number {
  const own = processes.filter(each => each.parentPid === pid && servesDatabase(commandLineOf(each.pid), database))
  return own.reduce((ticks, each) => ticks + each.ownTicks, 0)
}

/** The title of a client's process, with user, database and address. */
const CLIENT = /^postgres: \S+ (\S+) \S+\(\d+\)/

/**
 * True if a process of Postgres with this title works for the database, or for all. Workers of autovacuum do not count: the CPU
 * time of one that ends between two readings would be lost.
 */
export function servesDatabase(title: string, database: string): boolean {
  if (title.startsWith('postgres: autovacuum worker')) return false
  const match = CLIENT.exec(title)
  return match === null || match[1] === database
}

function commandLineOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return '' // it ended meanwhile
  }
}

/** The CPU seconds of each process tree between two readings. */
export function cpuBetween(before: CpuSeconds, after: CpuSeconds): CpuSeconds {
  return Object.fromEntries(Object.entries(after).map(([name, seconds]) => [name, seconds - (before[name] ?? 0)]))
}

/** CPU time of a machine, in core-seconds. */
export interface MachineTime {
  /** Used by this process and all its descendants. */
  readonly ours: number
  /** Used by all processes. */
  readonly used: number
  /** Used and idle together: cores × time. */
  readonly all: number
}

/** The CPU time of the whole machine so far; undefined without /proc. */
export function readMachineTime(): MachineTime | undefined {
  const ours = readCpu({ ours: process.pid })?.['ours']
  return ours === undefined ? undefined : { ours, ...parseMachineTime(readFileSync('/proc/stat', 'latin1'), TICKS_PER_SECOND) }
}

/** Reads the first line of /proc/stat: user, nice, system, idle, iowait, irq, softirq, steal, … in ticks. */
export function parseMachineTime(stat: string, perSecond: number): Omit<MachineTime, 'ours'> {
  const ticks = stat.split('\n')[0]!.split(/ +/).slice(1, 9).map(Number)
  const all = ticks.reduce((sum, each) => sum + each, 0)
  const idle = ticks[3]! + ticks[4]!
  return { used: (all - idle) / perSecond, all: all / perSecond }
}

/** The share of the machine, 0 … 1, that others used between two readings. */
export function shareOfOthers(before: MachineTime, after: MachineTime): number {
  const others = after.used - before.used - (after.ours - before.ours)
  return Math.max(0, others / (after.all - before.all))
}

/** All running processes; undefined where the system has no /proc (macOS). */
export function readProcesses(): readonly ProcessTimes[] | undefined {
  return process.platform === 'linux' ? linesOf('/proc').map(parseStat) : undefined
}

/** The stat lines of all processes, or of all threads of a process; none if the folder is not there. */
function linesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter(name => /^\d+$/.test(name))
      .flatMap(name => lineOf(`${folder}/${name}/stat`))
  } catch {
    return []
  }
}

function lineOf(file: string): readonly string[] {
  try {
    return [readFileSync(file, 'latin1')]
  } catch {
    return [] // it ended meanwhile
  }
}
