import * as header from '../records/batch.ts'
import { crc32c } from '../records/crc32c.ts'
import type { LogFile } from './folder.ts'

const WINDOW_BYTES = 1024 * 1024

export interface ScanOptions {
  readonly file: LogFile
  /** The offset of the first batch. Every other batch must start where the previous one ends, as it was written. */
  readonly baseOffset: bigint
  /** Where to stop. */
  readonly endPosition: number
  /** False for bytes that have been checked before: then only headers are read. */
  readonly checkCrc: boolean
}

export interface Scanned {
  /** The end of the last complete and valid batch. */
  readonly bytes: number
  /** The problem with the bytes after that; undefined if there are none. */
  readonly problem?: string
}

/** Visits the batches of a segment from its beginning; `visit` gets each header, at `at` in `bytes`, and the batch's position in the file. */
export function scan(
  { file, baseOffset, endPosition, checkCrc }: ScanOptions,
  visit: (bytes: Buffer, at: number, position: number) => void,
): Scanned {
  const window = new Window(file)
  let expected = baseOffset
  let position = 0
  while (position < endPosition) {
    const left = endPosition - position
    if (left < header.HEADER_BYTES) return { bytes: position, problem: `${left} bytes, too few for a batch` }
    const at = window.load(position, header.HEADER_BYTES)
    const problem = headerProblem(window.bytes, at, { expected, left }) ?? (checkCrc ? crcProblem(window, position) : undefined)
    if (problem !== undefined) return { bytes: position, problem }
    const place = window.load(position, header.HEADER_BYTES)
    visit(window.bytes, place, position)
    expected = header.lastOffset(window.bytes, place) + 1n
    position += header.batchBytes(window.bytes, place)
  }
  return { bytes: position }
}

function headerProblem(
  bytes: Buffer,
  at: number,
  { expected, left }: { readonly expected: bigint; readonly left: number },
): string | undefined {
  const size = header.batchBytes(bytes, at)
  if (size < header.HEADER_BYTES || size > left) return `a batch of ${size} bytes where ${left} are left`
  if (header.magic(bytes, at) !== header.MAGIC_V2) return `a batch with magic ${header.magic(bytes, at)}`
  if (header.baseOffset(bytes, at) !== expected)
    return `a batch with base offset ${header.baseOffset(bytes, at)} where ${expected} is expected`
  if (header.lastOffsetDelta(bytes, at) < 0) return `a batch with last offset delta ${header.lastOffsetDelta(bytes, at)}`
  return undefined
}

/** Reads in pieces, so that a damaged length does not allocate that much memory. */
function crcProblem(window: Window, position: number): string | undefined {
  const at0 = window.load(position, header.HEADER_BYTES)
  const [size, stored] = [header.batchBytes(window.bytes, at0), header.crc(window.bytes, at0)]
  let computed = 0
  for (let done = 0; done < size;) {
    const length = Math.min(size - done, WINDOW_BYTES)
    const at = window.load(position + done, length)
    if (window.bytes.length - at < length) return `a batch of ${size} bytes whose end cannot be read`
    computed = crc32c(window.bytes, done === 0 ? at + header.CRC_FROM : at, at + length, computed)
    done += length
  }
  return computed === stored ? undefined : `a batch with CRC ${computed} whose header says ${stored}`
}

/** A part of a file that is held in memory. */
class Window {
  readonly #file: LogFile
  #position = 0
  bytes: Buffer = Buffer.alloc(0)

  constructor(file: LogFile) {
    this.#file = file
  }

  /** Loads at least this many bytes, and returns where they begin in `bytes`. */
  load(position: number, length: number): number {
    const at = position - this.#position
    if (at >= 0 && at + length <= this.bytes.length) return at
    this.bytes = this.#file.read(position, Math.max(length, WINDOW_BYTES))
    this.#position = position
    return 0
  }
}
