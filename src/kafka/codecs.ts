import { promisify } from 'node:util'
import * as zlib from 'node:zlib'
import kafkajs from 'kafkajs'
import { CODEC } from './batch-layout.ts'
import { unreadableRecords } from './unreadable-records.ts'

/** Node does not detect these two as named exports of the CommonJS module. */
const { CompressionCodecs, CompressionTypes } = kafkajs

/** A codec as kafkajs needs it; `buffer` of an encoder is the data to compress. */
interface Codec {
  compress(encoder: { buffer: Buffer }): Promise<Buffer>
  decompress(bytes: Buffer): Promise<Buffer>
}

type Work = (bytes: Buffer) => Promise<Buffer>

/** For the decompressed records of one batch: a compressed batch of a megabyte, which Kafka allows, may expand to a thousand. */
const LIMITS = { maxOutputLength: 32 * 1024 * 1024 }

/** The decompressors, by the codec's number in a batch's attributes. */
const DECOMPRESSORS: Readonly<Record<number, Work | undefined>> = {
  [CompressionTypes.GZIP]: bytes => promisify(zlib.unzip)(bytes, LIMITS),
  [CompressionTypes.ZSTD]: typeof zlib.zstdDecompress === 'function' ? bytes => promisify(zlib.zstdDecompress)(bytes, LIMITS) : undefined,
}

/** The decompressed records of a batch; undefined if they cannot be decompressed. */
export async function decompress(attributes: number, bytes: Buffer): Promise<Buffer | undefined> {
  return DECOMPRESSORS[attributes & CODEC]?.(bytes).catch(() => undefined)
}

/**
 * kafkajs permanently stops a consumer at a batch that it cannot decompress, so that one foreign batch in
 * the topic would end all counting. These codecs never throw: gzip and zstd are decompressed (zstd if Node
 * supports it), and any other batch becomes records with the reason. Registers for the whole process; may
 * be called again.
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
