import type { RecordSet } from './packed-messages.ts'
import { sizeOfVarint, writeVarint } from './varint.ts'

/** The content of a record that is to be written. Texts are written as UTF-8. */
export interface RecordContent {
  readonly key?: Buffer | string | null
  readonly value: Buffer | string | null
  readonly headers?: Readonly<Record<string, Buffer | string>>
}

/** Attributes and the timestamp's delta, one byte 0 each. */
const ZEROS_SIZE = 2
const NULL = 1
/** Maximum size of the lengths and deltas of a record without headers, and of the two lengths of a header. */
const REST_SIZE = 32
const HEADER_REST_SIZE = 10

/** Zigzag of a length or delta, none of which is negative. */
const zigzag = (value: number): number => value * 2

/** An upper bound of the bytes that the record takes in its batch, exact but for a few bytes a part. */
export function sizeOfRecord({ key, value, headers }: RecordContent): number {
  let size = REST_SIZE + byteLength(key) + byteLength(value)
  if (headers) for (const name in headers) size += HEADER_REST_SIZE + Buffer.byteLength(name) + byteLength(headers[name])
  return size
}

/** The records of one partition in Kafka's format, without timestamps of their own, byte for byte as kafkajs writes them. */
export function encodeRecords(records: readonly RecordContent[]): RecordSet {
  const bytes = Buffer.allocUnsafe(records.reduce((sum, record) => sum + sizeOfRecord(record), 0))
  let at = 0
  records.forEach((record, index) => (at = writeRecord(bytes, at, record, index)))
  return { count: records.length, bytes: bytes.subarray(0, at) }
}

function writeRecord(bytes: Buffer, from: number, { key, value, headers }: RecordContent, offsetDelta: number): number {
  const all = headers ? Object.entries(headers) : []
  let at = writeVarint(bytes, from, zigzag(bodySize(key, value, all, offsetDelta)))
  bytes[at++] = 0
  bytes[at++] = 0
  at = writeVarint(bytes, at, zigzag(offsetDelta))
  at = writeBytes(bytes, at, key)
  at = writeBytes(bytes, at, value)
  at = writeVarint(bytes, at, zigzag(all.length))
  for (const [name, content] of all) at = writeBytes(bytes, writeBytes(bytes, at, name), content)
  return at
}

function bodySize(
  key: RecordContent['key'],
  value: RecordContent['value'],
  headers: readonly (readonly [string, Buffer | string])[],
  offsetDelta: number,
): number {
  let size = ZEROS_SIZE + sizeOfVarint(zigzag(offsetDelta)) + sizeOfBytes(key) + sizeOfBytes(value) + sizeOfVarint(zigzag(headers.length))
  for (const [name, content] of headers) size += sizeOfBytes(name) + sizeOfBytes(content)
  return size
}

function byteLength(content: Buffer | string | null | undefined): number {
  return content == null ? 0 : Buffer.byteLength(content)
}

function sizeOfBytes(content: Buffer | string | null | undefined): number {
  const size = byteLength(content)
  return content == null ? NULL : sizeOfVarint(zigzag(size)) + size
}

function writeBytes(bytes: Buffer, at: number, content: Buffer | string | null | undefined): number {
  if (content == null) {
    bytes[at] = NULL // -1 in zigzag
    return at + 1
  }
  const start = writeVarint(bytes, at, zigzag(byteLength(content)))
  return start + (typeof content === 'string' ? bytes.write(content, start) : content.copy(bytes, start))
}
