import { readdirSync, readFileSync } from 'node:fs'
import { wait } from '../../src/runtime/wait.ts'

/** Every process that a run starts inherits this variable, by which the run knows its own, detached ones too. */
const MARK = 'PING_TEST_RUN'
/** A process that was just stopped may need a moment to be gone. */
const PATIENCE_MS = 2_000

export function markRun(run: string): void {
  process.env[MARK] = run
}

/** Undefined outside of a run of tests, such as in a bench. */
export function currentRun(): string | undefined {
  return process.env[MARK]
}

/** The processes of the run that still live, each as `pid command`. Needs /proc: elsewhere nothing is found. */
export async function leftovers(run: string): Promise<readonly string[]> {
  const deadline = Date.now() + PATIENCE_MS
  for (;;) {
    const alive = processesOf(run)
    if (alive.length === 0 || Date.now() > deadline) return alive
    await wait(50)
  }
}

function processesOf(run: string): readonly string[] {
  if (process.platform !== 'linux') return []
  return readdirSync('/proc')
    .filter(pid => /^\d+$/.test(pid) && Number(pid) !== process.pid)
    .flatMap(pid => {
      try {
        if (!readFileSync(`/proc/${pid}/environ`, 'utf8').includes(`${MARK}=${run}`)) return []
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
        return command === '' || isOfVitest(command) ? [] : [`${pid} ${command}`]
      } catch {
        return [] // ended in the meantime, or another user's
      }
    })
}

/** Vitest ends its own workers and its watchdog after the global teardown. */
function isOfVitest(command: string): boolean {
  return command === 'vitest-watchdog' || /node_modules\/(vitest|esbuild|rolldown|vite|tinypool)\//.test(command)
}
