import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'

/** Creates a folder and its missing parents, level by level, because Node's recursive mkdir never ends under /proc. */
export function makeLevels(path: string): void {
  if (existsSync(path)) return
  makeLevels(dirname(path))
  mkdirSync(path, { mode: 0o755 })
}
