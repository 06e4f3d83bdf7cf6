import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { InUseError, SettingsError } from '../src/runtime/settings.ts'

export interface FolderLock {
  /** Writes down whose the lock is, for those who ask in vain. */
  sign(): void
  release(): void
}

/** The name of Kafka's lock file, and a lock that excludes Kafka's: the two never share a folder. */
const LOCK = '.lock'
/** Beside it, since closing the locked file in this process would end the lock. */
const HOLDER = '.lock.pid'
const SQLITE_BUSY = 5

/**
 * Locks a folder. The lock is SQLite's, on a file that stays empty: the system drops it when the process ends, however it
 * ends, so it is never stale and no pid has to be guessed at. Throws `SettingsError` when somebody else has it.
 */
export function lockFolder(path: string): FolderLock {
  const holder = join(path, HOLDER)
  let lock: DatabaseSync | undefined
  try {
    lock = new DatabaseSync(join(path, LOCK), { timeout: 0 })
    lock.exec('PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
  } catch (cause) {
    lock?.close()
    throw explained(cause as SqliteError, path, holder)
  }
  const held = lock
  return { sign: () => writeFileSync(holder, `${process.pid}\n`), release: () => held.close() }
}

interface SqliteError extends Error {
  readonly errcode?: number
}

function explained(cause: SqliteError, path: string, holder: string): SettingsError {
  const got = `log.dirs: got ${JSON.stringify(path)}`
  if (cause.errcode !== SQLITE_BUSY) return new SettingsError(`${got}, expected a folder whose file ${LOCK} can be locked (${cause.message})`, { cause })
  return new InUseError(`${got}, which another broker (pid ${pidIn(holder)}) has locked, expected a folder of its own`, { cause })
}

function pidIn(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return 'not known'
  }
}
