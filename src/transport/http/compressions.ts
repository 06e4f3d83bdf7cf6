import { promisify } from 'node:util'
import { brotliDecompress, gunzip, type BrotliOptions, type Zlib, type ZlibOptions } from 'node:zlib'
import { Code, ConnectError } from '@connectrpc/connect'
import { compressionBrotli, compressionGzip } from '@connectrpc/connect-node'
import type { Compression } from '@connectrpc/connect/protocol'

/** The result of zlib with the option `info`, which its types lack. */
interface Unpacked {
  readonly buffer: Buffer<ArrayBuffer>
  readonly engine: Zlib
}

type Unpack = (bytes: Uint8Array, options: ZlibOptions & BrotliOptions) => Promise<unknown>

/** Stricter than Connect's own, which answers a truncated body with INTERNAL and accepts bytes after the end. */
export const compressions: readonly Compression[] = [
  strict(compressionGzip, promisify(gunzip)),
  strict(compressionBrotli, promisify(brotliDecompress)),
]

function strict(compression: Compression, unpack: Unpack): Compression {
  const { name } = compression
  return {
    ...compression,
    async decompress(bytes, readMaxBytes) {
      // An empty message is not compressed (connectrpc.com/docs/protocol).
      if (bytes.length === 0) return new Uint8Array(0)
      try {
        const { buffer, engine } = (await unpack(bytes, { maxOutputLength: readMaxBytes, info: true })) as Unpacked
        if (engine.bytesWritten < bytes.length) throw new Error(`${bytes.length - engine.bytesWritten} bytes after the end`)
        return buffer
      } catch (cause) {
        throw unpackError(name, cause, readMaxBytes)
      }
    },
  }
}

function unpackError(name: string, cause: unknown, readMaxBytes: number): ConnectError {
  const { code, message } = cause as NodeJS.ErrnoException
  if (code === 'ERR_BUFFER_TOO_LARGE') {
    return new ConnectError(
      `request body: got more bytes after decompression, expected at most ${readMaxBytes}`,
      Code.ResourceExhausted,
      undefined,
      undefined,
      cause,
    )
  }
  return new ConnectError(
    `request body: got bytes that cannot be decompressed (${message}), expected ${name}`,
    Code.InvalidArgument,
    undefined,
    undefined,
    cause,
  )
}
