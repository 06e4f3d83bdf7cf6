import { accessSync, constants, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { explainFileError } from '../../src/runtime/file-error.ts'
import { CannotStart } from '../cannot-start.ts'
import { identityOf } from './identity-of.ts'

interface Recorded {
  readonly pid: number
  readonly identity: string
}

/** Which process is which part, on disk: with it, the next start finds the processes that this one could not stop. */
export class PidFiles {
  readonly #folder: string

  /** Throws CannotStart when the folder does not exist and cannot be created. */
  constructor(dataDir: string) {
    const folder = join(dataDir, 'run')
    this.#folder = folder
    using(folder, 'a folder that can be written', () => {
      mkdirSync(folder, { recursive: true })
      accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK)
    })
  }

  /** Notes a process before its program runs. A part may have several, one after the other. */
  write(part: string, pid: number): void {
    const identity = identityOf(pid)
    if (identity === undefined) return
    const path = this.#path(part)
    try {
      writeFileSync(`${path}.new`, JSON.stringify({ pid, identity } satisfies Recorded))
      renameSync(`${path}.new`, path)
    } catch {
      // no space on the disk: the part runs, but after a crash of this process the next start does not find it
    }
  }

  /** Throws CannotStart when what is there cannot be removed. */
  remove(part: string): void {
    const path = this.#path(part)
    using(path, 'a file that can be removed', () => rmSync(path, { force: true }))
  }

  /** The pid that an earlier start noted for a part, if that same process still runs. */
  survivor(part: string): number | undefined {
    if (!existsSync(this.#path(part))) return undefined
    try {
      const { pid, identity } = JSON.parse(readFileSync(this.#path(part), 'utf8')) as Partial<Recorded>
      if (pid === undefined || identity === undefined || !Number.isSafeInteger(pid) || pid < 1) return undefined
      return identityOf(pid) === identity ? pid : undefined
    } catch {
      return undefined // cut short by a crash of the machine
    }
  }

  #path(part: string): string {
    return join(this.#folder, `${part}.json`)
  }
}

function using(path: string, expected: string, action: () => void): void {
  try {
    action()
  } catch (cause) {
    throw new CannotStart(`${path}: expected ${expected} (${explainFileError(cause, path)})`, { cause })
  }
}

const POLL_MS = 20

/** Ends a process that is not a child of this one: asks with `signal`, kills after `graceMs`. Resolves when it is gone. Throws CannotStart for another user's process. */
export async function endStranger(pid: number, signal: NodeJS.Signals, graceMs: number): Promise<void> {
  const identity = identityOf(pid)
  const lives = () => identity !== undefined && identityOf(pid) === identity
  const send = (name: NodeJS.Signals) => {
    try {
      process.kill(pid, name)
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EPERM') return // ended between the check and the signal
      throw new CannotStart(`process ${pid} of an earlier start on this data folder is still running as another user: stop it first`, {
        cause,
      })
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
