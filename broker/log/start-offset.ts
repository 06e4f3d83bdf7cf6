import type { Folder } from './folder.ts'

/** The offset before which everything was deleted on demand; it may be inside a segment. */
export const START_OFFSET_FILE = 'start-offset'

export function readStartOffset(folder: Folder): bigint {
  const text = folder.readWhole(START_OFFSET_FILE)?.toString() ?? ''
  if (!/^\d{1,19}\n$/.test(text))
    throw new Error(
      `${START_OFFSET_FILE}: got ${JSON.stringify(text)}, expected an offset and a line end; without the file, records that were deleted on demand may reappear`,
    )
  return BigInt(text.trim())
}

export function writeStartOffset(folder: Folder, offset: bigint): void {
  folder.replace(START_OFFSET_FILE, `${offset}\n`)
}
