import { readdirSync, readFileSync } from 'node:fs'

/** How long the threads of a process have run on a core, in ms: finer than the ticks of /proc/<pid>/stat. Linux only. */
export function readRunningMs(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).reduce((sum, thread) => sum + threadMs(`/proc/${pid}/task/${thread}/schedstat`), 0)
}

function threadMs(file: string): number {
  try {
    return Number(readFileSync(file, 'latin1').split(' ')[0]) / 1e6
  } catch {
    return 0 // the thread has ended meanwhile
  }
}
