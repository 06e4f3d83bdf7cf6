import { basename } from 'node:path/posix'
import { findCycle, findFolderCycle, type Source } from '../layers/sources.ts'

/** One finding in the JSON output of the linter. */
export interface Finding {
  readonly code: string
  readonly message: string
  readonly filename: string
}

/** The number of lengths, their median, 90th percentile and maximum. */
export function spread(lengths: readonly number[]): string {
  const sorted = lengths.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? 0
  return `${sorted.length}: median ${at(0.5)}, p90 ${at(0.9)}, largest ${at(1)} lines`
}

/** The lengths of all functions, in lines that are neither blank nor comments, from a linter that permits no lines. */
export function functionLengths(findings: readonly Finding[]): number[] {
  return findings.flatMap(({ message }) => {
    const length = /has too many lines \((\d+)\)/.exec(message)
    return length ? [Number(length[1])] : []
  })
}

/** The files whose name occurs in none of their exports. Files without exports are programs. */
export function misnamed(sources: readonly Source[]): string[] {
  return sources.flatMap(({ file, code }) => {
    const names = [...code.matchAll(/^export (?:async |abstract )?(?:function\*?|class|const|interface|type) (\w+)/gm)]
    return names.length === 0 || names.some(([, name]) => givesName(name!, basename(file, '.ts'))) ? [] : [file]
  })
}

/** Whether an export gives a file its name, as `readHolding` and `READ_HOLDING` do for read-holding.ts, and `readPositions` for positions.ts. */
export function givesName(exported: string, fileName: string): boolean {
  return `${lowerCase(exported)}s`.includes(lowerCase(fileName).replace(/s$/, ''))
}

function lowerCase(name: string): string {
  return name.replaceAll(/[-_]/g, '').toLowerCase()
}

/** The first import cycle in each folder, between its files or its subfolders, as the entries along it. */
export function rings(folders: readonly string[], sources: readonly Source[]): string[] {
  return folders.flatMap(folder => {
    const inside = sources.filter(({ file }) => file.startsWith(`${folder}/`))
    return (findCycle(inside) ?? findFolderCycle(inside))?.join(' → ') ?? []
  })
}
