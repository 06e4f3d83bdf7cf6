import { constants, gzipSync } from 'node:zlib'
import { Reader } from '../wire/reader.ts'
import { WireError } from '../wire/wire-error.ts'
import { Writer } from '../wire/writer.ts'
import * as header from './batch.ts'
import { corrupt } from './compression/corrupt.ts'
import { decompress } from './compression/decompress.ts'
import { crc32c } from './crc32c.ts'

/** The most that a batch's records may take when decompressed: 64 times what Kafka lets a compressed batch have. */
const DEFAULT_MAX_RECORD_BYTES = 64 * 1024 * 1024
const NULL_LENGTH = -1
/** A record's headers are held all at once, and each takes some 50 times the two bytes that it may have here. */
const MAX_HEADERS = 100_000

export interface RecordHeader {
  readonly key: string
  readonly value: Buffer | null
}

/** One record of a batch. Its bytes are views of the batch or of what it decompressed to. */
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
 * The records of one v2 batch, one at a time, decompressed if need be to at most `maxBytes`. A small batch may hold millions
 * of empty records: who looks for one of them stops when it is found.
 * Throws `ProtocolError` CORRUPT_MESSAGE and nothing else, whatever the bytes are; the CRC is not looked at again.
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

/** All records of one v2 batch, as `eachRecord` gives them. */
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

/** With LogAppendTime every record has the time at which the batch came in, which is kept as its greatest. */
function timestampReader(batch: Buffer): (delta: bigint) => bigint {
  if (header.isLogAppendTime(batch, 0)) return () => header.maxTimestamp(batch, 0)
  const base = header.baseTimestamp(batch, 0)
  return delta => BigInt.asIntN(64, base + delta) // whatever a client has written there
}

function readRecord(reader: Reader, timestampOf: (delta: bigint) => bigint): Omit<RecordView, 'offset'> & { offsetDelta: number } {
  reader.int8() // attributes, of which there are none yet
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
  /** Of records that have none of their own: ms since the Unix epoch. */
  readonly timestamp: bigint
  /** Uncompressed unless set. */
  readonly isGzipped?: boolean
}

/** One v2 batch with its CRC, offsets from 0 on, of no idempotent producer. */
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
