import { promisify } from 'node:util'
import * as zlib from 'node:zlib'
import kafkajs from 'kafkajs'
import { unreadableRecords } from './unreadable.ts'

/** Node does not see these two among the names of a CommonJS module: they are its default's. */
const { CompressionCodecs, CompressionTypes } = kafkajs

/** What kafkajs needs of a codec; an encoder's buffer is what is to be compressed. */
interface Codec {
  compress(encoder: { buffer: Buffer }): Promise<Buffer>
  decompress(bytes: Buffer): Promise<Buffer>
}

type Work = (bytes: Buffer) => Promise<Buffer>

/**
 * kafkajs stops a consumer for good at a batch that it cannot decompress, so that one foreign batch in the
 * topic would end all counting. Here no codec ever throws: gzip and zstd are read (zstd where Node has
 * it), and what remains comes as records that say so. Registers for the whole process, once or often.
 */
export function registerCodecs(): void {
  const { zstdCompress, zstdDecompress } = zlib
  CompressionCodecs[CompressionTypes.GZIP] = codec('gzip', promisify(zlib.gzip), promisify(zlib.unzip))
  CompressionCodecs[CompressionTypes.Snappy] = codec('snappy')
  CompressionCodecs[CompressionTypes.LZ4] = codec('lz4')
  CompressionCodecs[CompressionTypes.ZSTD] =
    typeof zstdCompress === 'function' ? codec('zstd', promisify(zstdCompress), promisify(zstdDecompress)) : codec('zstd')
}

function codec(name: string, compress?: Work, decompress?: Work): () => Codec {
  const made: Codec = {
    compress: async ({ buffer }) => {
      if (!compress) throw new Error(`no codec: got ${name}, expected gzip or zstd`)
      return compress(buffer)
    },
    decompress: async bytes => {
      if (!decompress) return unreadableRecords(bytes, `a batch compressed with ${name}, expected none, gzip or zstd`)
      return decompress(bytes).catch((error: Error) => unreadableRecords(bytes, `a batch that is no ${name}: ${error.message}`))
    },
  }
  return () => made
}
