import * as header from '../records/batch.ts'
import type { LogFile } from './folder.ts'

const HEADERS_WINDOW_BYTES = 64 * 1024
/** The maximum size of the first read in search of a batch, since clients can set the index interval to up to 2 GiB. */
const MAX_READ_AHEAD_BYTES = 64 * 1024

export interface ReadOptions {
  readonly offset: bigint
  readonly maxBytes: number
  /** Where to stop: a position between two batches. */
  readonly endPosition: number
  /** One batch is returned even if it is larger than `maxBytes`. */
  readonly atLeastOneBatch: boolean
  /** The batch is normally at limit this far past the start of the search, so one read finds it. */
  readonly indexIntervalBytes: number
}

export interface Piece {
  /** Whole batches; empty if the first is too large. */
  readonly bytes: Buffer
  /** The position in the file after them. */
  readonly end: number
}

/**
 * Whole batches of at limit `maxBytes` in total, starting with the first one after `position` that ends at
 * `offset` or later; undefined if there is no such batch.
 */
export function readBatches(file: LogFile, position: number, options: ReadOptions): Piece | undefined {
  const { offset, maxBytes, endPosition, atLeastOneBatch } = options
  // If the batch may be too large, only its header is read until its size is known.
  const wanted = (atLeastOneBatch ? maxBytes : 0) + Math.min(options.indexIntervalBytes, MAX_READ_AHEAD_BYTES) + header.HEADER_BYTES
  let [start, at] = [position, 0]
  let window = file.read(start, Math.min(wanted, endPosition - start))
  for (;;) {
    if (at + header.HEADER_BYTES > window.length) {
      ;[start, at] = [start + at, 0]
      if (start + header.HEADER_BYTES > endPosition) return undefined
      window = file.read(start, Math.min(wanted, endPosition - start))
    }
    if (header.lastOffset(window, at) >= offset) break
    at += soundBytes(window, at, start + at)
  }
  const [from, size] = [start + at, soundBytes(window, at, start + at)]
  if (size > maxBytes && !atLeastOneBatch) return { bytes: window.subarray(0, 0), end: from }
  if (!atLeastOneBatch) [window, at] = [file.read(from, Math.min(maxBytes, endPosition - from)), 0]
  if (size > maxBytes || at + size > window.length) return { bytes: wholeBatch(file, from, size), end: from + size }
  const bytes = window.subarray(at, wholeEnd(window, at, maxBytes))
  return { bytes, end: from + bytes.length }
}

/** The end of the last batch that is complete and within `maxBytes`. */
function wholeEnd(window: Buffer, from: number, maxBytes: number): number {
  const limit = Math.min(window.length, from + maxBytes)
  let end = from
  while (end + header.LENGTH_END_BYTES <= limit) {
    const next = end + header.batchBytes(window, end)
    if (next > limit || next <= end) break
    end = next
  }
  return end
}

function wholeBatch(file: LogFile, position: number, size: number): Buffer {
  const batch = file.read(position, size)
  if (batch.length < size) throw new Error(`the batch at ${position} has ${batch.length} bytes, expected ${size}`)
  return batch
}

/** The batch that begins at `position`. */
export function batchAt(file: LogFile, position: number): Buffer {
  const bytes = file.read(position, header.HEADER_BYTES)
  return wholeBatch(file, position, soundBytes(bytes, 0, position))
}

/** Calls `visit` with each header, starting at the batch at `position`, until it returns true. */
export function visitHeaders(
  file: LogFile,
  { position, endPosition }: { readonly position: number; readonly endPosition: number },
  visit: (bytes: Buffer, at: number, position: number) => boolean,
): void {
  let [start, at] = [position, 0]
  let window: Buffer = Buffer.alloc(0)
  while (start + at + header.HEADER_BYTES <= endPosition) {
    if (at + header.HEADER_BYTES > window.length) {
      ;[start, at] = [start + at, 0]
      window = file.read(start, Math.min(HEADERS_WINDOW_BYTES, endPosition - start))
    }
    if (visit(window, at, start + at)) return
    at += soundBytes(window, at, start + at)
  }
}

/** The size of a batch that was valid when it was written, or when the log was opened. */
function soundBytes(window: Buffer, at: number, position: number): number {
  const size = header.batchBytes(window, at)
  if (size < header.HEADER_BYTES) throw new Error(`the batch at ${position} was damaged: its length is ${size}`)
  return size
}
