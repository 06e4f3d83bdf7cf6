import { constants, gzipSync } from 'node:zlib'
import { Reader } from '../wire/reader.ts'
import { WireError } from '../wire/wire-error.ts'
import { Writer } from '../wire/writer.ts'
import * as header from './batch.ts'
import { corrupt } from './compression/corrupt.ts'
import { decompress } from './compression/decompress.ts'
import { crc32c } from './crc32c.ts'

/** The maximum size of a batch's records when decompressed: 64 times Kafka's limit for a compressed batch. */
const DEFAULT_MAX_RECORD_BYTES = 64 * 1024 * 1024
const NULL_LENGTH = -1
/** The headers of a record are all in memory at once, and each takes about 50 times the two bytes that it may have in a batch. */
const MAX_HEADERS = 100_000

export interface RecordHeader {
  readonly key: string
  readonly value: Buffer | null
}

/** One record of a batch. Its bytes are views of the batch or of the decompressed bytes. */
export interface RecordView {
  readonly offset: bigint
  /** ms since the Unix epoch. */
  readonly timestamp: bigint
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly RecordHeader[]
}

/** A record to be written. */
export interface NewRecord {
  readonly key?: Buffer | null
  readonly value: Buffer | null
  readonly headers?: readonly RecordHeader[]
  /** ms since the Unix epoch; the batch's when absent. */
  readonly timestamp?: bigint
}

/**
 * The records of one v2 batch, one at a time, decompressed if needed to at most `maxBytes`. A small batch may hold millions
 * of empty records, so a search should stop at the record that it wants.
 * Throws only `ProtocolError` CORRUPT_MESSAGE, no matter what the bytes are. Does not check the CRC again.
 */
export function* eachRecord(batch: Buffer, maxBytes = DEFAULT_MAX_RECORD_BYTES): Generator<RecordView, void, undefined> {
  if (batch.length < header.HEADER_BYTES) throw corrupt(`got a batch of ${batch.length} bytes, expected ${header.HEADER_BYTES} or more`)
  const count = header.recordCount(batch, 0)
  const bytes = decompress(header.compression(batch, 0), batch.subarray(header.HEADER_BYTES), maxBytes)
  if (count < 0) throw corrupt(`a batch declares ${count} records`)
  try {
    yield* readRecords(new Reader(bytes), batch, count)
  } catch (error) {
    throw error instanceof WireError ? corrupt(`the records of a batch are malformed: ${error.message}`) : error
  }
}

/** All records of one v2 batch, as `eachRecord` yields them. */
export function decodeRecords(batch: Buffer, maxBytes = DEFAULT_MAX_RECORD_BYTES): RecordView[] {
  return Array.from(eachRecord(batch, maxBytes))
}

function* readRecords(reader: Reader, batch: Buffer, count: number): Generator<RecordView, void, undefined> {
  const baseOffset = header.baseOffset(batch, 0)
  const lastDelta = header.lastOffsetDelta(batch, 0)
  const timestampOf = timestampReader(batch)
  let delta = -1
  for (let index = 0; index < count; index++) {
    const body = new Reader(reader.bytes(reader.varint()))
    const { offsetDelta, ...record } = readRecord(body, timestampOf)
    if (offsetDelta <= delta || offsetDelta > lastDelta)
      throw corrupt(`a record has the offset delta ${offsetDelta}, expected ${delta + 1} to ${lastDelta}`)
    if (body.remaining > 0) throw corrupt(`a record has ${body.remaining} bytes after its end`)
    delta = offsetDelta
    yield { offset: baseOffset + BigInt(offsetDelta), ...record }
  }
  if (reader.remaining > 0) throw corrupt(`a batch has ${reader.remaining} bytes after its last record`)
}

/** With LogAppendTime every record has the time at which the batch was appended, which is stored as its greatest timestamp. */
function timestampReader(batch: Buffer): (delta: bigint) => bigint {
  if (header.isLogAppendTime(batch, 0)) return () => header.maxTimestamp(batch, 0)
  const base = header.baseTimestamp(batch, 0)
  return delta => BigInt.asIntN(64, base + delta) // a client may have written any delta
}

function readRecord(reader: Reader, timestampOf: (delta: bigint) => bigint): Omit<RecordView, 'offset'> & { offsetDelta: number } {
  reader.int8() // attributes: none are defined yet
  const timestamp = timestampOf(reader.varlong())
  const offsetDelta = reader.varint()
  return { offsetDelta, timestamp, key: readBytes(reader), value: readBytes(reader), headers: readHeaders(reader) }
}

function readBytes(reader: Reader): Buffer | null {
  const length = reader.varint()
  return length === NULL_LENGTH ? null : reader.bytes(length)
}

function readHeaders(reader: Reader): RecordHeader[] {
  const count = reader.varint()
  if (count < 0 || count > MAX_HEADERS) throw corrupt(`a record declares ${count} headers, expected 0 to ${MAX_HEADERS}`)
  const headers: RecordHeader[] = []
  for (let index = 0; index < count; index++) headers.push({ key: reader.text(reader.varint()), value: readBytes(reader) })
  return headers
}

export interface BatchOptions {
  /** The time of records without one: ms since the Unix epoch. */
  readonly timestamp: bigint
  /** Uncompressed unless set. */
  readonly isGzipped?: boolean
}

/** Creates a v2 batch with its CRC and offsets from 0, without an idempotent producer. */
export function encodeBatch(records: readonly NewRecord[], { timestamp, isGzipped = false }: BatchOptions): Buffer {
  const times = records.map(record => record.timestamp ?? timestamp)
  const base = times[0] ?? timestamp
  const writer = new Writer()
  for (const [index, record] of records.entries()) writeRecord(writer, record, index, times[index]! - base)
  const body = isGzipped ? [gzipSync(writer.toBuffer(), { level: constants.Z_BEST_SPEED })] : writer.chunks()
  const bodyBytes = body.reduce((sum, { length }) => sum + length, 0)
  const maxTimestamp = times.reduce((one, other) => (one > other ? one : other), base)
  const attributes = isGzipped ? header.COMPRESSION.gzip : header.COMPRESSION.none
  const batch = Buffer.concat([
    header.writeHeader({ baseTimestamp: base, maxTimestamp, recordCount: records.length, bodyBytes, attributes }),
    ...body,
  ])
  return header.setCrc(batch, crc32c(batch, header.CRC_FROM, batch.length))
}

function writeRecord(writer: Writer, record: NewRecord, offsetDelta: number, timestampDelta: bigint): void {
  const body = new Writer()
  body.int8(0)
  body.varlong(timestampDelta)
  body.varint(offsetDelta)
  writeBytes(body, record.key ?? null)
  writeBytes(body, record.value)
  const headers = record.headers ?? []
  body.varint(headers.length)
  for (const { key, value } of headers) {
    writeBytes(body, Buffer.from(key))
    writeBytes(body, value)
  }
  writer.varint(body.length)
  for (const chunk of body.chunks()) writer.bytes(chunk)
}

function writeBytes(writer: Writer, bytes: Buffer | null): void {
  writer.varint(bytes === null ? NULL_LENGTH : bytes.length)
  if (bytes !== null) writer.bytes(bytes)
}
