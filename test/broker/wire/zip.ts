import { inflateRawSync } from 'node:zlib'

const END_OF_DIRECTORY = 0x06054b50
const END_BYTES = 22
const ENTRY_BYTES = 46
const LOCAL_HEADER_BYTES = 30

/** The files of a zip archive (a jar), as functions that unpack them. */
export function unzip(archive: Buffer): Map<string, () => Buffer> {
  let end = archive.length - END_BYTES
  while (archive.readUInt32LE(end) !== END_OF_DIRECTORY) end--
  const files = new Map<string, () => Buffer>()
  let at = archive.readUInt32LE(end + 16)
  for (let left = archive.readUInt16LE(end + 10); left > 0; left--) {
    const nameBytes = archive.readUInt16LE(at + 28)
    const [isPacked, packedBytes, local] = [
      archive.readUInt16LE(at + 10) !== 0,
      archive.readUInt32LE(at + 20),
      archive.readUInt32LE(at + 42),
    ]
    files.set(archive.toString('utf8', at + ENTRY_BYTES, at + ENTRY_BYTES + nameBytes), () => {
      const from = local + LOCAL_HEADER_BYTES + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28)
      const packed = archive.subarray(from, from + packedBytes)
      return isPacked ? inflateRawSync(packed) : packed
    })
    at += ENTRY_BYTES + nameBytes + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32)
  }
  return files
}
