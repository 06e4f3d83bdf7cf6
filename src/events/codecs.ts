import { promisify } from 'node:util'
import * as zlib from 'node:zlib'
import kafkajs from 'kafkajs'
import { unreadableRecords } from './unreadable-records.ts'

/** Node does not see these two among the names of a CommonJS module: they are its default's. */
const { CompressionCodecs, CompressionTypes } = kafkajs

/** What kafkajs needs of a codec; an encoder's buffer is what is to be compressed. */
interface Codec {
  compress(encoder: { buffer: Buffer }): Promise<Buffer>
  decompress(bytes: Buffer): Promise<Buffer>
}

type Work = (bytes: Buffer) => Promise<Buffer>

/** Of the records of one batch, decompressed: a megabyte may stand for a thousand. Kafka lets a compressed batch have one. */
const LIMITS = { maxOutputLength: 32 * 1024 * 1024 }
const CODEC = 0x07

/** What reads each compression, by its number in a batch's attributes. */
const DECOMPRESSORS: Readonly<Record<number, Work | undefined>> = {
  [CompressionTypes.GZIP]: bytes => promisify(zlib.unzip)(bytes, LIMITS),
  [CompressionTypes.ZSTD]: typeof zlib.zstdDecompress === 'function' ? bytes => promisify(zlib.zstdDecompress)(bytes, LIMITS) : undefined,
}

/** The records of a compressed batch as they were before; undefined if they cannot be had. */
export async function decompress(attributes: number, bytes: Buffer): Promise<Buffer | undefined> {
  return DECOMPRESSORS[attributes & CODEC]?.(bytes).catch(() => undefined)
}

/**
 * kafkajs stops a consumer for good at a batch that it cannot decompress, so that one foreign batch in the
 * topic would end all counting. Here no codec ever throws: gzip and zstd are read (zstd where Node has
 * it), and what remains comes as records that say so. Registers for the whole process, once or often.
 */
export function registerCodecs(): void {
  const { zstdCompress } = zlib
  const { [CompressionTypes.GZIP]: gunzip, [CompressionTypes.ZSTD]: unzstd } = DECOMPRESSORS
  CompressionCodecs[CompressionTypes.GZIP] = codec('gzip', promisify(zlib.gzip), gunzip)
  CompressionCodecs[CompressionTypes.Snappy] = codec('snappy')
  CompressionCodecs[CompressionTypes.LZ4] = codec('lz4')
  CompressionCodecs[CompressionTypes.ZSTD] = codec('zstd', typeof zstdCompress === 'function' ? promisify(zstdCompress) : undefined, unzstd)
}

function codec(name: string, compress?: Work, decompress?: Work): () => Codec {
  const made: Codec = {
    compress: async ({ buffer }) => {
      if (!compress) throw new Error(`no codec: got ${name}, expected gzip or zstd`)
      return compress(buffer)
    },
    decompress: async bytes => {
      if (!decompress) return unreadableRecords(bytes, `a batch compressed with ${name}, expected none, gzip or zstd`)
      return decompress(bytes).catch((error: Error) => unreadableRecords(bytes, `a batch that is not valid ${name}: ${error.message}`))
    },
  }
  return () => made
}
