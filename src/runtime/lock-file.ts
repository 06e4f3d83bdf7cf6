import { accessSync, constants, copyFileSync, statSync, truncateSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

/** A lock that is held until it is released, or the process ends. */
export interface FileLock {
  /** Where the former content of the file was saved if it was not a lock file; the file is now empty. */
  readonly kept: string | undefined
  release(): void
}

/** Another process has the lock. */
export class LockedError extends Error {
  override readonly name = 'LockedError'
}

const BUSY = 5
const NOT_A_DATABASE = 26

/**
 * Locks a file, which is created if missing and stays empty. The lock is SQLite's: the system releases it no matter how the process
 * ends, so it is never stale and needs no pid. Throws `LockedError` or the system's error.
 */
export function lockFile(path: string): FileLock {
  // SQLite would open an unwritable file read-only, and report that much later and without its name.
  const found = statSync(path, { throwIfNoEntry: false })
  if (found?.isFile() === false) throw new Error(`${path} is not a file`)
  if (found) accessSync(path, constants.R_OK | constants.W_OK)
  try {
    return { kept: undefined, release: open(path) }
  } catch (error) {
    if ((error as SqliteError).errcode !== NOT_A_DATABASE) throw error
    const kept = keep(path)
    truncateSync(path) // the same file, so that a lock of another process stays valid
    return { kept, release: open(path) }
  }
}

interface SqliteError extends Error {
  readonly errcode?: number
}

function open(path: string): () => void {
  let lock: DatabaseSync | undefined
  try {
    lock = new DatabaseSync(path, { timeout: 0 })
    lock.exec('PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
  } catch (cause) {
    lock?.close()
    if ((cause as SqliteError).errcode === BUSY) throw new LockedError(`${path} is locked`, { cause })
    throw cause
  }
  const held = lock
  return () => held.close()
}

function keep(path: string): string {
  const copy = `${path}.damaged`
  copyFileSync(path, copy)
  return copy
}
