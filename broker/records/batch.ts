import { ERROR, ProtocolError } from '../errors.ts'
import { crc32c } from './crc32c.ts'

/**
 * The header of a record batch (format 2): its layout, read and written in place; `at` is the position
 * of the batch. The CRC covers everything from the attributes on, so the broker can set base offset and
 * leader epoch without computing the CRC again.
 */
const BASE_OFFSET = 0
const LENGTH = 8
const LEADER_EPOCH = 12
const MAGIC = 16
const CRC = 17
const ATTRIBUTES = 21
const LAST_OFFSET_DELTA = 23
const BASE_TIMESTAMP = 27
const MAX_TIMESTAMP = 35
const PRODUCER_ID = 43
const PRODUCER_EPOCH = 51
const BASE_SEQUENCE = 53
const RECORD_COUNT = 57

/** How much of a batch must be read to know its magic. */
export const MAGIC_END_BYTES = 17
export const HEADER_BYTES = 61
/** The bytes of base offset and length, which the length does not include. */
export const LENGTH_END_BYTES = 12
/** The first byte that the CRC covers. */
export const CRC_FROM = ATTRIBUTES
export const MAGIC_V2 = 2
export const NO_PRODUCER_ID = -1n
export const COMPRESSION = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 } as const

const COMPRESSION_BITS = 0b111
const LOG_APPEND_TIME_BIT = 1 << 3
const TRANSACTIONAL_BIT = 1 << 4
const CONTROL_BIT = 1 << 5
/** The shortest record: length, attributes, two deltas, no key, no value, no headers. */
const MIN_RECORD_BYTES = 7

export const baseOffset = (bytes: Buffer, at: number): bigint => bytes.readBigInt64BE(at + BASE_OFFSET)
/** The length field as it is: without the base offset and the field itself. */
export const length = (bytes: Buffer, at: number): number => bytes.readInt32BE(at + LENGTH)
/** The whole batch's length. */
export const batchBytes = (bytes: Buffer, at: number): number => length(bytes, at) + LENGTH_END_BYTES
export const magic = (bytes: Buffer, at: number): number => bytes.readInt8(at + MAGIC)
export const crc = (bytes: Buffer, at: number): number => bytes.readUInt32BE(at + CRC)
export const attributes = (bytes: Buffer, at: number): number => bytes.readInt16BE(at + ATTRIBUTES)
export const lastOffsetDelta = (bytes: Buffer, at: number): number => bytes.readInt32BE(at + LAST_OFFSET_DELTA)
export const baseTimestamp = (bytes: Buffer, at: number): bigint => bytes.readBigInt64BE(at + BASE_TIMESTAMP)
export const maxTimestamp = (bytes: Buffer, at: number): bigint => bytes.readBigInt64BE(at + MAX_TIMESTAMP)
export const producerId = (bytes: Buffer, at: number): bigint => bytes.readBigInt64BE(at + PRODUCER_ID)
export const producerEpoch = (bytes: Buffer, at: number): number => bytes.readInt16BE(at + PRODUCER_EPOCH)
export const baseSequence = (bytes: Buffer, at: number): number => bytes.readInt32BE(at + BASE_SEQUENCE)
export const recordCount = (bytes: Buffer, at: number): number => bytes.readInt32BE(at + RECORD_COUNT)
/** One of `COMPRESSION`, or an unknown number. */
export const compression = (bytes: Buffer, at: number): number => attributes(bytes, at) & COMPRESSION_BITS
export const isLogAppendTime = (bytes: Buffer, at: number): boolean => (attributes(bytes, at) & LOG_APPEND_TIME_BIT) !== 0
export const isTransactional = (bytes: Buffer, at: number): boolean => (attributes(bytes, at) & TRANSACTIONAL_BIT) !== 0
export const isControl = (bytes: Buffer, at: number): boolean => (attributes(bytes, at) & CONTROL_BIT) !== 0
/** The last record's offset. */
export const lastOffset = (bytes: Buffer, at: number): bigint => baseOffset(bytes, at) + BigInt(lastOffsetDelta(bytes, at))

/** Sets the position of a batch in the log. */
export function setBaseOffset(bytes: Buffer, offset: bigint, leaderEpoch: number): void {
  bytes.writeBigInt64BE(offset, BASE_OFFSET)
  bytes.writeInt32BE(leaderEpoch, LEADER_EPOCH)
}

/** Sets one time (ms since the Unix epoch) for all records of a batch, and updates the CRC. */
export function setLogAppendTime(bytes: Buffer, timestamp: bigint): void {
  bytes.writeInt16BE(attributes(bytes, 0) | LOG_APPEND_TIME_BIT, ATTRIBUTES)
  bytes.writeBigInt64BE(timestamp, MAX_TIMESTAMP)
  setCrc(bytes, crc32c(bytes, CRC_FROM, bytes.length))
}

export function setCrc(bytes: Buffer, value: number): Buffer {
  bytes.writeUInt32BE(value, CRC)
  return bytes
}

/** The fields of a header; absent ones get the values of a batch without an idempotent producer. */
export interface HeaderFields {
  /** ms since the Unix epoch. */
  readonly baseTimestamp: bigint
  readonly maxTimestamp: bigint
  readonly recordCount: number
  /** How many bytes of records follow. */
  readonly bodyBytes: number
  readonly attributes?: number
  readonly producerId?: bigint
  readonly producerEpoch?: number
  readonly baseSequence?: number
}

/** The 61 bytes before the records, with base offset 0; the caller must still set the CRC. */
export function writeHeader(fields: HeaderFields): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES)
  bytes.writeInt32BE(HEADER_BYTES - LENGTH_END_BYTES + fields.bodyBytes, LENGTH)
  bytes.writeInt32BE(-1, LEADER_EPOCH)
  bytes.writeInt8(MAGIC_V2, MAGIC)
  bytes.writeInt16BE(fields.attributes ?? 0, ATTRIBUTES)
  bytes.writeInt32BE(fields.recordCount - 1, LAST_OFFSET_DELTA)
  bytes.writeBigInt64BE(fields.baseTimestamp, BASE_TIMESTAMP)
  bytes.writeBigInt64BE(fields.maxTimestamp, MAX_TIMESTAMP)
  bytes.writeBigInt64BE(fields.producerId ?? NO_PRODUCER_ID, PRODUCER_ID)
  bytes.writeInt16BE(fields.producerEpoch ?? -1, PRODUCER_EPOCH)
  bytes.writeInt32BE(fields.baseSequence ?? -1, BASE_SEQUENCE)
  bytes.writeInt32BE(fields.recordCount, RECORD_COUNT)
  return bytes
}

/** The batches of a piece that holds only whole ones. */
export function* batchesIn(piece: Buffer): Generator<Buffer> {
  for (let at = 0; at < piece.length;) {
    const end = at + batchBytes(piece, at)
    yield piece.subarray(at, end)
    at = end
  }
}

/**
 * Throws `ProtocolError` unless the bytes are exactly one batch that a client may write. Does not check
 * the records themselves, nor the size of the batch, which the log checks.
 */
export function checkBatch(bytes: Buffer): { readonly recordCount: number } {
  checkExtent(bytes)
  const computed = crc32c(bytes, CRC_FROM, bytes.length)
  if (computed !== crc(bytes, 0)) throw corrupt(`CRC of a batch: got ${crc(bytes, 0)}, expected ${computed}`)
  checkFields(bytes)
  return { recordCount: recordCount(bytes, 0) }
}

function checkExtent(bytes: Buffer): void {
  if (bytes.length < MAGIC_END_BYTES) throw invalid(`got ${bytes.length} bytes of records, expected one whole batch`)
  const version = magic(bytes, 0)
  if (version < 0 || version > MAGIC_V2) throw corrupt(`magic of a batch: got ${version}, expected ${MAGIC_V2}`)
  if (version !== MAGIC_V2) throw invalid(`magic of a batch: got ${version}, expected ${MAGIC_V2}; older formats are not supported`)
  const size = batchBytes(bytes, 0)
  if (size < HEADER_BYTES) throw corrupt(`length of a batch: got ${size} bytes, expected ${HEADER_BYTES} or more`)
  if (size > bytes.length) throw invalid(`got ${bytes.length} bytes of a batch of ${size}, expected one whole batch`)
  if (size < bytes.length) throw invalid(`got ${bytes.length - size} bytes after a batch, expected exactly one batch`)
}

function checkFields(bytes: Buffer): void {
  const [count, lastDelta, codec] = [recordCount(bytes, 0), lastOffsetDelta(bytes, 0), compression(bytes, 0)]
  if (baseOffset(bytes, 0) !== 0n) throw invalid(`base offset of a batch to be written: got ${baseOffset(bytes, 0)}, expected 0`)
  if (count < 1) throw invalid(`records of a batch: got ${count}, expected 1 or more`)
  if (lastDelta !== count - 1) throw invalid(`last offset delta of ${count} records: got ${lastDelta}, expected ${count - 1}`)
  if (isControl(bytes, 0)) throw invalid('got a control batch, which clients may not write')
  if (isLogAppendTime(bytes, 0))
    throw new ProtocolError(ERROR.INVALID_TIMESTAMP, 'got the timestamp type LogAppendTime, which only the broker may set')
  if (codec > COMPRESSION.zstd)
    throw new ProtocolError(ERROR.UNSUPPORTED_COMPRESSION_TYPE, `compression of a batch: got ${codec}, expected 0 to ${COMPRESSION.zstd}`)
  const maxCount = Math.floor((bytes.length - HEADER_BYTES) / MIN_RECORD_BYTES)
  if (codec === COMPRESSION.none && count > maxCount)
    throw invalid(`records of a batch: got ${count}, expected at most ${maxCount} in its ${bytes.length} bytes`)
  if (producerId(bytes, 0) >= 0n && baseSequence(bytes, 0) < 0)
    throw invalid(`base sequence of an idempotent batch: got ${baseSequence(bytes, 0)}, expected 0 or more`)
}

function corrupt(text: string): ProtocolError {
  return new ProtocolError(ERROR.CORRUPT_MESSAGE, text)
}

function invalid(text: string): ProtocolError {
  return new ProtocolError(ERROR.INVALID_RECORD, text)
}
