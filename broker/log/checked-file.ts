import { crc32c } from '../records/crc32c.ts'

/** Small files that are useful only when complete: a kind (with its version), the content, and a CRC-32C of both. */
const CRC_BYTES = 4

export function seal(kind: string, content: Buffer): Buffer {
  const sealed = Buffer.concat([Buffer.from(kind), content, Buffer.alloc(CRC_BYTES)])
  const end = sealed.length - CRC_BYTES
  sealed.writeUInt32BE(crc32c(sealed, 0, end), end)
  return sealed
}

/** The content; undefined if the file is missing, damaged or of another kind. */
export function unseal(kind: string, sealed: Buffer | undefined): Buffer | undefined {
  if (sealed === undefined) return undefined
  const [from, end] = [Buffer.byteLength(kind), sealed.length - CRC_BYTES]
  if (end < from || sealed.toString('utf8', 0, from) !== kind) return undefined
  return crc32c(sealed, 0, end) === sealed.readUInt32BE(end) ? sealed.subarray(from, end) : undefined
}
