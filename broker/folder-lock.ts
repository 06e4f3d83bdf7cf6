import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { explainFileError } from '../src/runtime/file-error.ts'
import { lockFile, LockedError } from '../src/runtime/lock-file.ts'
import { InUseError, SettingsError } from '../src/runtime/settings.ts'

export interface FolderLock {
  /** What was not in order, in words for the log. */
  readonly finding: string | undefined
  /** Writes down whose the lock is, for those who find it taken. */
  sign(): void
  release(): void
}

/** The name of Kafka's lock file, and a lock that excludes Kafka's: the two never share a folder. */
const LOCK = '.lock'
/** Beside it, since closing the locked file in this process would end the lock. */
const HOLDER = '.lock.pid'

/** Locks a folder. Throws `InUseError` when somebody else has it, `SettingsError` when it cannot be locked. */
export function lockFolder(path: string): FolderLock {
  const [file, holder] = [join(path, LOCK), join(path, HOLDER)]
  const got = `log.dirs: got ${JSON.stringify(path)}`
  try {
    const { kept, release } = lockFile(file)
    const finding = kept && `${file} was no lock file: its content is kept in ${kept}`
    return { finding, sign: () => writeFileSync(holder, `${process.pid}\n`), release }
  } catch (cause) {
    if (cause instanceof LockedError)
      throw new InUseError(`${got}, which another broker (pid ${pidIn(holder)}) has locked, expected a folder of its own`, { cause })
    throw new SettingsError(`${got}, expected a folder whose file ${LOCK} can be locked (${explainFileError(cause, file)})`, { cause })
  }
}

function pidIn(file: string): string {
  try {
    return /^\d{1,10}(?=\n$)/.exec(readFileSync(file, 'utf8'))?.[0] ?? 'not known'
  } catch {
    return 'not known'
  }
}
