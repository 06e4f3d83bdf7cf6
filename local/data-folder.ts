import { accessSync, constants, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { explainFileError } from '../src/runtime/file-error.ts'
import { lockFile, LockedError, type FileLock } from '../src/runtime/lock-file.ts'
import { makeLevels } from '../src/runtime/make-levels.ts'
import { runAsOwner } from '../src/runtime/run-as-owner.ts'
import { SettingsError } from '../src/runtime/settings.ts'
import { startCommand, type Extra } from './arguments.ts'
import { CannotStart } from './cannot-start.ts'

export interface DataFolder {
  readonly path: string
  /** Notes about it for the user. */
  readonly notes: readonly string[]
  release(): void
}

/** SQLite and PostgreSQL open no longer paths; this leaves room for the longest path below the folder. */
const MAX_PATH_BYTES = 480
const PORTS = ['PORT', 'PROCESSOR_PORT', 'POSTGRES_PORT', 'KAFKA_PORT', 'CONSOLE_PORT', 'REDIS_PORT']

/**
 * Creates the folder if it does not exist, and locks it. As root, this process becomes the ordinary user whom the folder
 * belongs to. Throws CannotStart when another copy uses it, and when it cannot be created, written to or used. `extras`: what
 * the user asked for, which the message repeats.
 */
export function lockDataFolder(folder: string, extras: readonly Extra[] = []): DataFolder {
  const path = resolve(folder)
  checkPath(path)
  const [lockPath, holder] = [join(path, 'lock.db'), join(path, 'run-by')]
  const user = using(path, () => runAsOwner([lockPath, path]))
  const lock = using(path, () => {
    makeLevels(path)
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK)
    return locked(lockPath, holder, path, extras)
  })
  using(path, () => writeFileSync(holder, `${process.pid}\n`))
  const notes = [
    ...(user === undefined ? [] : [`${path} belongs to user ${user}: everything runs as that user`]),
    ...(lock.kept === undefined ? [] : [`${lockPath} was not a lock file: its content is kept in ${lock.kept}`]),
  ]
  return { path, notes, release: lock.release }
}

/** Every other character is allowed, including spaces, quotes and commas. */
function checkPath(path: string): void {
  if (/\p{Cc}/u.test(path))
    throw new CannotStart(`PING_DATA_DIR: got ${JSON.stringify(path)}, expected a path without control characters such as line breaks`)
  const bytes = Buffer.byteLength(path)
  if (bytes > MAX_PATH_BYTES) throw new CannotStart(`PING_DATA_DIR: got a path of ${bytes} bytes, expected at most ${MAX_PATH_BYTES}`)
}

function locked(file: string, holder: string, path: string, extras: readonly Extra[]): FileLock {
  try {
    return lockFile(file)
  } catch (error) {
    if (!(error instanceof LockedError)) throw error
    const ports = [...PORTS, ...extras.map(name => `${name.toUpperCase()}_PORT`)].map(name => `${name}=…`).join(' ')
    throw new CannotStart(
      `another Ping (pid ${pidIn(holder)}) uses the data folder ${path}; stop it, or start this one with its own folder and ports: PING_DATA_DIR=… ${ports} ${startCommand(extras)}`,
    )
  }
}

/** An error of the system becomes a CannotStart that names the setting and the file. */
function using<T>(path: string, action: () => T): T {
  try {
    return action()
  } catch (cause) {
    if (cause instanceof CannotStart || cause instanceof SettingsError) throw cause
    throw new CannotStart(
      `PING_DATA_DIR: got ${JSON.stringify(path)}, expected a folder that can be created and written to (${explainFileError(cause, path)})`,
      { cause },
    )
  }
}

function pidIn(file: string): string {
  try {
    return /^\d{1,10}(?=\n$)/.exec(readFileSync(file, 'utf8'))?.[0] ?? 'unknown'
  } catch {
    return 'unknown'
  }
}
