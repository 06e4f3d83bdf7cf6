import { accessSync, constants } from 'node:fs'
import { enableCompileCache, flushCompileCache } from 'node:module'
import { join } from 'node:path'
import { makeLevels } from './make-levels.ts'

/** Beside the packages: who may write there may change the code as well, and a fresh install begins again. The folder for temporary files is everybody's. */
export const COMPILE_CACHE = join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'ping')
/** Once everything is loaded: a program that is killed writes nothing at its end. */
const FLUSH_AFTER_MS = 1_000

/**
 * Has Node keep what it compiles from here on, which halves the time that a start takes; all programs share the folder. Does nothing
 * where NODE_COMPILE_CACHE names another folder, and never fails: where nothing can be written, starts take longer.
 */
export function keepCompiled(): void {
  enableCompileCache(COMPILE_CACHE)
  setTimeout(flushCompileCache, FLUSH_AFTER_MS).unref()
}

/** The first of the folders that this process can write to, made when absent. */
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
