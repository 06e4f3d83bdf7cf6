import { accessSync, constants, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { makeLevels } from '../src/runtime/make-levels.ts'
import { CannotStart } from './ports.ts'

export interface DataFolder {
  readonly path: string
  release(): void
}

/**
 * Makes the folder when absent and locks it. The lock is SQLite's: the system drops it when the process ends, however
 * it ends, so it is never stale and no pid has to be guessed at. Throws CannotStart when another copy has it, and when
 * the folder cannot be made or written.
 */
export function lockDataFolder(folder: string): DataFolder {
  const path = resolve(folder)
  const lock = openIn(folder)
  const holder = join(path, 'run-by')
  try {
    lock.exec('PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
  } catch (error) {
    lock.close()
    if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) throw error
    throw new CannotStart(`another Ping (pid ${pidIn(holder)}) runs on the data folder ${path}; stop that one, or give this one a folder and ports of its own: PING_DATA_DIR=… ${PORTS} npm start`)
  }
  writeFileSync(holder, `${process.pid}\n`)
  return { path, release: () => lock.close() }
}

const SQLITE_BUSY = 5
const PORTS = ['PORT', 'PROCESSOR_PORT', 'POSTGRES_PORT', 'KAFKA_PORT', 'CONSOLE_PORT', 'REDIS_PORT'].map(name => `${name}=…`).join(' ')

/** Opens the lock of the folder, which is made when absent. */
function openIn(folder: string): DatabaseSync {
  try {
    makeLevels(resolve(folder))
    accessSync(folder, constants.W_OK | constants.X_OK)
    return new DatabaseSync(join(folder, 'lock.db'), { timeout: 0 })
  } catch (cause) {
    throw new CannotStart(`PING_DATA_DIR: got "${folder}", expected a folder that can be made and written`, { cause })
  }
}

function pidIn(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim()
  } catch {
    return 'unknown'
  }
}
