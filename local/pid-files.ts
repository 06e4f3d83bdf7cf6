import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { identityOf } from './process-identity.ts'

interface Recorded {
  readonly pid: number
  readonly identity: string
}

/** Which process is which part, on disk: the next start finds by it what this one could not stop. */
export class PidFiles {
  readonly #folder: string

  constructor(dataDir: string) {
    this.#folder = join(dataDir, 'run')
    mkdirSync(this.#folder, { recursive: true })
  }

  /** Notes a process that has just been started. A part may have several, one after the other. */
  write(part: string, pid: number): void {
    const identity = identityOf(pid)
    if (identity !== undefined) writeFileSync(this.#path(part), JSON.stringify({ pid, identity } satisfies Recorded))
  }

  remove(part: string): void {
    rmSync(this.#path(part), { force: true })
  }

  /** The pid that an earlier start noted for a part, if that very process still lives. */
  survivor(part: string): number | undefined {
    if (!existsSync(this.#path(part))) return undefined
    try {
      const { pid, identity } = JSON.parse(readFileSync(this.#path(part), 'utf8')) as Recorded
      return identityOf(pid) === identity ? pid : undefined
    } catch {
      return undefined // cut short by the crash: the process had no time to do anything either
    }
  }

  #path(part: string): string {
    return join(this.#folder, `${part}.json`)
  }
}

const POLL_MS = 20

/** Ends a process that is not our child: asks with `signal`, kills after `graceMs`. Resolves when it is gone. */
export async function endStranger(pid: number, signal: NodeJS.Signals, graceMs: number): Promise<void> {
  const identity = identityOf(pid)
  const lives = () => identity !== undefined && identityOf(pid) === identity
  const send = (name: NodeJS.Signals) => {
    try {
      process.kill(pid, name)
    } catch {
      // gone between the look and the signal
    }
  }
  if (lives()) send(signal)
  const deadline = Date.now() + graceMs
  let killed = false
  while (lives()) {
    if (!killed && Date.now() > deadline) {
      send('SIGKILL')
      killed = true
    }
    await delay(POLL_MS)
  }
}
