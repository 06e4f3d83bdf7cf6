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
  // Comments only at the start of a line or after a space, so that the // of an address stays.
  const code = text.replaceAll(/(?<=^|\s)\/\*[\s\S]*?\*\//g, '').replaceAll(/(?<=^|\s)\/\/.*$/gm, '')
  const imports = [...code.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*(['"])(\.{1,2}\/[^'"]+)\1/g)].map(match =>
    join(dirname(file), match[2] ?? ''),
  )
  return { file, code, imports: [...new Set(imports)] }
}

/** The first ring of imports that is found, as the files along it; undefined if there is none. */
export function findCycle(sources: readonly Source[]): readonly string[] | undefined {
  return findRing(new Map(sources.map(({ file, imports }) => [file, imports])))
}

/**
 * The first ring between the entries of one folder, its files and its folders, as the entries along it. A folder imports what
 * any file in it imports, so folders may form a ring where no files do.
 */
export function findFolderCycle(sources: readonly Source[]): readonly string[] | undefined {
  const imports = new Map<string, Set<string>>()
  for (const source of sources) {
    for (const imported of source.imports) {
      const [from, to] = entriesOf(source.file, imported)
      imports.set(from, (imports.get(from) ?? new Set()).add(to))
    }
  }
  return findRing(imports)
}

/** The entries that hold two files, in the deepest folder that holds both. */
function entriesOf(file: string, other: string): readonly [string, string] {
  const [names, otherNames] = [file.split('/'), other.split('/')]
  const shared = names.findIndex((name, index) => name !== otherNames[index])
  return [names.slice(0, shared + 1).join('/'), otherNames.slice(0, shared + 1).join('/')]
}

function findRing(imports: ReadonlyMap<string, Iterable<string>>): readonly string[] | undefined {
  const done = new Set<string>()
  const path: string[] = []
  const visit = (entry: string): readonly string[] | undefined => {
    if (path.includes(entry)) return [...path.slice(path.indexOf(entry)), entry]
    if (done.has(entry)) return undefined
    path.push(entry)
    for (const next of imports.get(entry) ?? []) {
      const cycle = visit(next)
      if (cycle) return cycle
    }
    path.pop()
    done.add(entry)
    return undefined
  }
  for (const entry of imports.keys()) {
    const cycle = visit(entry)
    if (cycle) return cycle
  }
  return undefined
}
