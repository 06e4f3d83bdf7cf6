import { existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

const DENIED: readonly unknown[] = ['EACCES', 'EPERM']

/** The system's error for a file and, if another user owns the file, the owner and the remedy. `path`: the file, or its folder. */
export function explainFileError(error: unknown, path: string): string {
  const { message, code, path: named } = error as NodeJS.ErrnoException
  const text = message.includes(named ?? path) ? message : `${message}: ${named ?? path}`
  const [file, us] = [nearest(named ?? path), process.getuid?.()]
  const { uid } = statSync(file)
  if (!DENIED.includes(code) || us === undefined || uid === us) return text
  return `${text}; ${file} belongs to user ${uid}, and this is user ${us}: start as user ${uid}, or change the owner with chown -R`
}

/** The path, or its nearest existing parent. */
function nearest(path: string): string {
  return existsSync(path) ? path : nearest(dirname(path))
}
