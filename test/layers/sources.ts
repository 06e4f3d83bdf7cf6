import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path/posix'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

export interface Source {
  /** From the root, with slashes. */
  readonly file: string
  /** Without its comments. */
  readonly code: string
  /** The files of ours that it imports, types included, from the root. */
  readonly imports: readonly string[]
}

/** Every source file of these folders. */
export function readSources(folders: readonly string[]): readonly Source[] {
  return globSync(`{${folders.join()}}/**/*.ts`, { cwd: ROOT })
    .map(file => file.replaceAll('\\', '/'))
    .toSorted()
    .map(file => toSource(file, readFileSync(join(ROOT, file), 'utf8')))
}

export function toSource(file: string, text: string): Source {
  // Comments only where a line begins or a space goes before, so that the // of an address stays.
  const code = text.replaceAll(/(?<=^|\s)\/\*[\s\S]*?\*\//g, '').replaceAll(/(?<=^|\s)\/\/.*$/gm, '')
  const imports = [...code.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*(['"])(\.{1,2}\/[^'"]+)\1/g)].map(match =>
    join(dirname(file), match[2] ?? ''),
  )
  return { file, code, imports: [...new Set(imports)] }
}

/** The first ring of imports that is found, as the files along it; undefined if there is none. */
export function findCycle(sources: readonly Source[]): readonly string[] | undefined {
  const imports = new Map(sources.map(source => [source.file, source.imports]))
  const done = new Set<string>()
  const path: string[] = []
  const visit = (file: string): readonly string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file]
    if (done.has(file)) return undefined
    path.push(file)
    for (const next of imports.get(file) ?? []) {
      const cycle = visit(next)
      if (cycle) return cycle
    }
    path.pop()
    done.add(file)
    return undefined
  }
  for (const { file } of sources) {
    const cycle = visit(file)
    if (cycle) return cycle
  }
  return undefined
}
