import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '..', '..', '..')

/** Texts by path from the root of the project. A copy of it can hold a mistake that the project must not. */
export type ProjectFiles = ReadonlyMap<string, string>

const PATTERNS = ['k8s/**/*', 'skaffold.yaml', 'Dockerfile', 'docs/operations.md']

/** All that the checks look at. */
export function readProjectFiles(): ProjectFiles {
  const found = globSync(PATTERNS, { cwd: ROOT, withFileTypes: true }).filter(entry => entry.isFile())
  const paths = found.map(entry => join(entry.parentPath, entry.name).slice(ROOT.length + 1)).sort()
  return new Map(paths.map(path => [path, readFileSync(join(ROOT, path), 'utf8')]))
}

/** The text of a file. Throws if there is none. */
export function textOf(files: ProjectFiles, path: string): string {
  const text = files.get(path)
  if (text === undefined) throw new Error(`${path}: no such file`)
  return text
}
