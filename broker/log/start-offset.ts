import type { Folder } from './folder.ts'

const FILE = 'start-offset'

/** The offset before which everything was deleted on demand; it may lie within a segment. Undefined if that never happened. */
export function readStartOffset(folder: Folder): bigint | undefined {
  const text = folder.readWhole(FILE)?.toString().trim()
  if (text === undefined) return undefined
  if (!/^\d{1,19}$/.test(text)) throw new Error(`${FILE}: got ${JSON.stringify(text)}, expected an offset`)
  return BigInt(text)
}

export function writeStartOffset(folder: Folder, offset: bigint): void {
  folder.replace(FILE, `${offset}\n`)
}
