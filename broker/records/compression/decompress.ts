import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { corrupt } from './corrupt.ts'
import { unlz4 } from './lz4.ts'
import { unsnappy } from './snappy.ts'

type Decompressor = (source: Buffer, maxBytes: number) => Buffer

/** By the number in the low three bits of a batch's attributes; 0 is no compression. */
const BY_NUMBER: readonly Decompressor[] = [
  source => source,
  byNode('gzip', gunzipSync),
  unsnappy,
  unlz4,
  byNode('zstd', zstdDecompressSync),
]

/**
 * Decompresses a batch's records. Never produces more than `maxBytes`, no matter what the bytes claim.
 * Throws `ProtocolError` CORRUPT_MESSAGE.
 */
export function decompress(compression: number, source: Buffer, maxBytes: number): Buffer {
  const decompressor = BY_NUMBER[compression]
  if (decompressor === undefined) throw corrupt(`got the compression ${compression}, expected 0 to ${BY_NUMBER.length - 1}`)
  return decompressor(source, maxBytes)
}

function byNode(name: string, inflate: (source: Buffer, options: { maxOutputLength: number }) => Buffer): Decompressor {
  return (source, maxBytes) => {
    try {
      return inflate(source, { maxOutputLength: maxBytes })
    } catch (error) {
      throw corrupt(`the ${name} bytes do not decompress to ${maxBytes} bytes or less: ${(error as Error).message}`)
    }
  }
}
