import { readFileSync } from 'node:fs'

const KIB = 1024
const MB = 1_000_000

/** Memory that a process holds in RAM, in MB; undefined where the system has no /proc (macOS). */
export function rssMb(pid: number): number | undefined {
  if (process.platform !== 'linux') return undefined
  return parseRss(readFileSync(`/proc/${pid}/status`, 'latin1'))
}

/** Reads VmRSS of /proc/<pid>/status. */
export function parseRss(status: string): number | undefined {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]
  return kib === undefined ? undefined : (Number(kib) * KIB) / MB
}
