import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { explainFileError } from '../src/runtime/file-error.ts'
import { lockFile, LockedError } from '../src/runtime/lock-file.ts'
import { InUseError, SettingsError } from '../src/runtime/settings.ts'

export interface FolderLock {
  /** A problem that was found, as text for the log. */
  readonly finding: string | undefined
  /** Writes the pid of the holder, for a process that finds the folder locked. */
  sign(): void
  release(): void
}

/** The name of Kafka's lock file. The lock excludes Kafka's, so the two never share a folder. */
const LOCK = '.lock'
/** A separate file, since closing the locked file in this process would release the lock. */
const HOLDER = '.lock.pid'

/** Locks a folder. Throws `InUseError` if another process has locked it, `SettingsError` if it cannot be locked. */
export function lockFolder(path: string): FolderLock {
  const [file, holder] = [join(path, LOCK), join(path, HOLDER)]
  const got = `log.dirs: got ${JSON.stringify(path)}`
  try {
    const { kept, release } = lockFile(file)
    const finding = kept && `${file} was not a lock file: its content was moved to ${kept}`
    return { finding, sign: () => writeFileSync(holder, `${process.pid}\n`), release }
  } catch (cause) {
    if (cause instanceof LockedError)
      throw new InUseError(`${got}, which another broker (pid ${pidIn(holder)}) has locked, expected a folder that no other broker uses`, {
        cause,
      })
    throw new SettingsError(`${got}, expected a folder whose file ${LOCK} can be locked (${explainFileError(cause, file)})`, { cause })
  }
}

function pidIn(file: string): string {
  try {
    return /^\d{1,10}(?=\n$)/.exec(readFileSync(file, 'utf8'))?.[0] ?? 'unknown'
  } catch {
    return 'unknown'
  }
}
