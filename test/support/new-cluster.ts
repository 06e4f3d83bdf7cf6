import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { currentRun } from './leak-check.ts'

const PREFIX = 'ping-test-initdb'

/** What initdb made first in this run, for all later servers: a copy takes a tenth of the time. */
export class NewCluster {
  readonly #path: string | undefined

  constructor(version: number) {
    const run = currentRun()
    this.#path = run === undefined ? undefined : join(tmpdir(), `${PREFIX}-${run}-${version}`)
  }

  /** Creates a data folder from it, if there is one. */
  copyTo(dataDir: string): void {
    if (this.#path !== undefined && existsSync(this.#path)) copy(this.#path, dataDir)
  }

  /** Keeps a folder on which no server has run yet, unless another one is kept already. */
  keep(dataDir: string): void {
    if (this.#path === undefined || existsSync(this.#path)) return
    const fresh = `${this.#path}.new-${process.pid}-${Date.now()}`
    copy(dataDir, fresh)
    try {
      renameSync(fresh, this.#path)
    } catch {
      rmSync(fresh, { recursive: true }) // another file's server was first
    }
  }
}

/** Removes those of a run. */
export function removeNewClusters(run: string): void {
  for (const name of readdirSync(tmpdir()))
    if (name.startsWith(`${PREFIX}-${run}-`)) rmSync(join(tmpdir(), name), { recursive: true, force: true })
}

/** With the owner and the rights of each file. */
function copy(from: string, to: string): void {
  execFileSync('cp', ['-a', from, to])
}
