import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { environment } from '../environment.ts'

/** The full path of a command on the path, or undefined. */
export function onPath(command: string): string | undefined {
  const folders = (environment()['PATH'] ?? '').split(delimiter).filter(folder => folder !== '')
  return folders.map(folder => join(folder, command)).find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
