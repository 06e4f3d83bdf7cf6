import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { CannotStart } from './ports.ts'

export interface DataFolder {
  readonly path: string
  release(): void
}

/**
 * Makes the folder when absent and locks it. The lock is SQLite's: the system drops it when the process ends, however
 * it ends, so it is never stale and no pid has to be guessed at. Throws CannotStart when another copy has it.
 */
export function lockDataFolder(folder: string): DataFolder {
  const path = resolve(folder)
  mkdirSync(path, { recursive: true, mode: 0o755 })
  const holder = join(path, 'run-by')
  const lock = new DatabaseSync(join(path, 'lock.db'), { timeout: 0 })
  try {
    lock.exec('PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
  } catch (error) {
    lock.close()
    if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) throw error
    throw new CannotStart(`another Ping (pid ${pidIn(holder)}) runs on the data folder ${path}; stop that one, or give this one a folder and ports of its own: PING_DATA_DIR=… PORT=… npm start`)
  }
  writeFileSync(holder, `${process.pid}\n`)
  return { path, release: () => lock.close() }
}

const SQLITE_BUSY = 5

function pidIn(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return 'unknown'
  }
}
