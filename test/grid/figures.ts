import { basename } from 'node:path/posix'
import { findCycle, findFolderCycle, type Source } from '../layers/sources.ts'

/** One finding of the linter, as its JSON has it. */
export interface Finding {
  readonly code: string
  readonly message: string
  readonly filename: string
}

/** A list of lengths: how many there are, and what is typical and extreme of them. */
export function spread(lengths: readonly number[]): string {
  const sorted = lengths.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? 0
  return `${sorted.length}: median ${at(0.5)}, p90 ${at(0.9)}, largest ${at(1)} lines`
}

/** The lengths of all functions, in lines that are neither blank nor a comment, from a linter that permits none. */
export function functionLengths(findings: readonly Finding[]): number[] {
  return findings.flatMap(({ message }) => {
    const length = /has too many lines \((\d+)\)/.exec(message)
    return length ? [Number(length[1])] : []
  })
}

/** The files whose name is in none of what they export. Files that export nothing are programs or entries. */
export function otherwiseNamed(sources: readonly Source[]): string[] {
  return sources.flatMap(({ file, code }) => {
    const names = [...code.matchAll(/^export (?:async |abstract )?(?:function\*?|class|const|interface|type) (\w+)/gm)]
    return names.length === 0 || names.some(([, name]) => bears(name!, basename(file, '.ts'))) ? [] : [file]
  })
}

/** Whether an export bears a file's name: `readHolding` and `READ_HOLDING` that of read-holding.ts, and `readPositions` that of positions.ts. */
export function bears(exported: string, fileName: string): boolean {
  return `${lowerCase(exported)}s`.includes(lowerCase(fileName).replace(/s$/, ''))
}

function lowerCase(name: string): string {
  return name.replaceAll(/[-_]/g, '').toLowerCase()
}

/** The first ring in each folder that has one, between its files or its folders, as the entries along it. */
export function rings(folders: readonly string[], sources: readonly Source[]): string[] {
  return folders.flatMap(folder => {
    const inside = sources.filter(({ file }) => file.startsWith(`${folder}/`))
    return (findCycle(inside) ?? findFolderCycle(inside))?.join(' → ') ?? []
  })
}
