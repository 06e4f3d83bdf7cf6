import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'

/** A coding of a page's bytes, by its name in `content-encoding`. */
export type Coding = 'br' | 'gzip' | 'identity'

const brotli = promisify(brotliCompress)
const gzipped = promisify(gzip)
/** Fast enough for a page that is made for each request: about 1 ms for 60 kB. */
const FAST = 4

/**
 * The best coding that a caller accepts.
 *
 * @param acceptEncoding the request's header `accept-encoding`
 */
export function codingFor(acceptEncoding: string | undefined): Coding {
  const accepted = (acceptEncoding ?? '')
    .toLowerCase()
    .split(',')
    .map(part => part.replaceAll(/\s/g, ''))
    .filter(part => !/;q=0(?:\.0*)?$/.test(part))
    .map(part => part.split(';')[0])
  return accepted.includes('br') ? 'br' : accepted.includes('gzip') ? 'gzip' : 'identity'
}

/** @param once true: for bytes that are compressed once and served often */
export async function encode(bytes: Uint8Array, coding: Coding, once = false): Promise<Uint8Array> {
  if (coding === 'identity') return bytes
  if (coding === 'gzip') return gzipped(bytes, { level: once ? constants.Z_BEST_COMPRESSION : FAST })
  return brotli(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: once ? constants.BROTLI_MAX_QUALITY : FAST } })
}
