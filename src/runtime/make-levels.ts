import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'

/** Makes a folder and those above it that are missing, level by level: Node's own recursive mkdir never ends under /proc. */
export function makeLevels(path: string): void {
  if (existsSync(path)) return
  makeLevels(dirname(path))
  mkdirSync(path, { mode: 0o755 })
}
