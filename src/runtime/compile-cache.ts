import { accessSync, constants } from 'node:fs'
import { enableCompileCache, flushCompileCache } from 'node:module'
import { join } from 'node:path'
import { makeLevels } from './make-levels.ts'

/** Next to the packages: a user who can write there could change the code anyway, and a new install starts with an empty cache. Every user can write to the folder for temporary files. */
export const COMPILE_CACHE = join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'ping')
/** When everything is loaded. A killed program writes nothing at its end. */
const FLUSH_AFTER_MS = 1_000

/**
 * Lets Node cache what it compiles from here on, which halves the start time; all programs share the folder. Has no effect if
 * NODE_COMPILE_CACHE names another folder. Never fails: if the folder is not writable, starts take longer.
 */
export function keepCompiled(): void {
  enableCompileCache(COMPILE_CACHE)
  setTimeout(flushCompileCache, FLUSH_AFTER_MS).unref()
}

/** The first of the folders that this process can write to, created if missing. */
export function writableFolder(folders: readonly string[]): string | undefined {
  return folders.find(folder => {
    try {
      makeLevels(folder)
      accessSync(folder, constants.W_OK | constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}
