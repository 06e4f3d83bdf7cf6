import { explainFileError } from '../src/runtime/file-error.ts'
import { InUseError, SettingsError } from '../src/runtime/settings.ts'
import { ERROR, ProtocolError } from './errors.ts'

/** Room, memory and open files may be there again in a moment. */
const PASSING: readonly unknown[] = ['ENOSPC', 'EDQUOT', 'ENOMEM', 'EMFILE', 'ENFILE', 'EAGAIN', 'EINTR']
const ADVICE = 'nothing was changed; mend or restore that, or move the folder away to begin with an empty one'

/** Why the data folder cannot be opened: a `SettingsError` that names the file and says what to do, `InUseError` where it may pass. What is no matter of files stays as it is. */
export function unusable(error: unknown, folder: string): unknown {
  const cause = error instanceof ProtocolError && error.code === ERROR.KAFKA_STORAGE_ERROR ? error.cause : error
  const code = (cause as NodeJS.ErrnoException | undefined)?.code
  const isOfFiles = cause !== error || typeof (cause as NodeJS.ErrnoException).syscall === 'string'
  if (error instanceof SettingsError || !isOfFiles) return error
  const what = code === undefined ? '' : ` (${explainFileError(cause, folder)})`
  if (PASSING.includes(code))
    return new InUseError(`log.dirs: got ${JSON.stringify(folder)}: ${(error as Error).message}${what}`, { cause: error })
  return new SettingsError(`log.dirs: got ${JSON.stringify(folder)}: ${(error as Error).message}${what}; ${ADVICE}`, { cause: error })
}
