import { explainFileError } from '../src/runtime/file-error.ts'
import { InUseError, SettingsError } from '../src/runtime/settings.ts'
import { ERROR, ProtocolError } from './errors.ts'

/** Disk space, memory and file descriptors may be available again soon. */
const TEMPORARY: readonly unknown[] = ['ENOSPC', 'EDQUOT', 'ENOMEM', 'EMFILE', 'ENFILE', 'EAGAIN', 'EINTR']
const ADVICE = 'nothing was changed; repair or restore it, or move the folder away to start with an empty one'

/** Turns an error of the file system into the reason why the data folder cannot be opened: a `SettingsError` that names the file and says what to do, or an `InUseError` if the cause is temporary. Other errors stay unchanged. */
export function unusable(error: unknown, folder: string): unknown {
  const cause = error instanceof ProtocolError && error.code === ERROR.KAFKA_STORAGE_ERROR ? error.cause : error
  const code = (cause as NodeJS.ErrnoException | undefined)?.code
  const isOfFiles = cause !== error || typeof (cause as NodeJS.ErrnoException).syscall === 'string'
  if (error instanceof SettingsError || !isOfFiles) return error
  const what = code === undefined ? '' : ` (${explainFileError(cause, folder)})`
  if (TEMPORARY.includes(code))
    return new InUseError(`log.dirs: got ${JSON.stringify(folder)}: ${(error as Error).message}${what}`, { cause: error })
  return new SettingsError(`log.dirs: got ${JSON.stringify(folder)}: ${(error as Error).message}${what}; ${ADVICE}`, { cause: error })
}
