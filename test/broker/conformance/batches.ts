import { gunzipSync, gzipSync } from 'node:zlib'
import { crc32c } from '@platformatic/kafka'
import { Reader } from '../../../broker/wire/reader.ts'
import { Writer } from '../../../broker/wire/writer.ts'

/** Batches for the script, valid or not, and a reader for those in responses; independent of the broker's own code. */

export interface BatchRecord {
  readonly key?: string | null
  readonly value?: string | null
  /** ms after the batch's first timestamp. */
  readonly timestampDelta?: number
}

export interface BatchOptions {
  readonly records?: readonly BatchRecord[]
  readonly baseOffset?: bigint
  readonly magic?: number
  readonly isGzip?: boolean
  /** Used instead of the correct one. */
  readonly crc?: number
  readonly attributes?: number
  readonly lastOffsetDelta?: number
  /** The count in the header. */
  readonly count?: number
  readonly baseTimestamp?: bigint
  readonly producerId?: bigint
  readonly producerEpoch?: number
  readonly baseSequence?: number
  /** Added to the length in the header. */
  readonly lengthOff?: number
}

export const FIRST_TIMESTAMP = 1_700_000_000_000n
const GZIP = 1
const LEADER_EPOCH = -1
const LENGTH_AT = 8
const CRC_AT = 17
const ATTRIBUTES_AT = 21
const HEADER_BYTES = 61

/** One batch, of format 2 by default. */
export function batch(options: BatchOptions = {}): Buffer {
  const records = options.records ?? [{ value: 'a' }]
  const deltas = records.map(({ timestampDelta }) => timestampDelta ?? 0)
  const baseTimestamp = options.baseTimestamp ?? FIRST_TIMESTAMP
  const w = new Writer()
  w.int64(options.baseOffset ?? 0n)
  w.int32(0) // the length, set below
  w.int32(LEADER_EPOCH)
  w.int8(options.magic ?? 2)
  w.int32(0) // the CRC, set below
  w.int16((options.attributes ?? 0) | (options.isGzip ? GZIP : 0))
  w.int32(options.lastOffsetDelta ?? records.length - 1)
  w.int64(baseTimestamp)
  w.int64(baseTimestamp + BigInt(Math.max(0, ...deltas)))
  w.int64(options.producerId ?? -1n)
  w.int16(options.producerEpoch ?? -1)
  w.int32(options.baseSequence ?? -1)
  w.int32(options.count ?? records.length)
  const payload = Buffer.concat(records.map(encodeRecord))
  const bytes = Buffer.concat([w.toBuffer(), options.isGzip ? gzipSync(payload) : payload])
  bytes.writeInt32BE(bytes.length - LENGTH_AT - 4 + (options.lengthOff ?? 0), LENGTH_AT)
  bytes.writeUInt32BE(options.crc ?? crc32c(bytes.subarray(ATTRIBUTES_AT)), CRC_AT)
  return bytes
}

function encodeRecord({ key = null, value = null, timestampDelta = 0 }: BatchRecord, index: number): Buffer {
  const w = new Writer()
  w.int8(0)
  w.varlong(BigInt(timestampDelta))
  w.varint(index)
  for (const part of [key, value]) {
    w.varint(part === null ? -1 : Buffer.byteLength(part))
    if (part !== null) w.bytes(Buffer.from(part))
  }
  w.varint(0)
  const body = w.toBuffer()
  const length = new Writer()
  length.varint(body.length)
  return Buffer.concat([length.toBuffer(), body])
}

/** The batches of a response as a reader sees them, with a mark if the last one is truncated. */
export function describeBatches(bytes: Buffer): readonly unknown[] {
  const batches: unknown[] = []
  let at = 0
  while (at + HEADER_BYTES <= bytes.length) {
    const end = at + LENGTH_AT + 4 + bytes.readInt32BE(at + LENGTH_AT)
    if (end > bytes.length) break
    batches.push(describeBatch(bytes.subarray(at, end)))
    at = end
  }
  return at < bytes.length ? [...batches, 'a cut batch'] : batches
}

function describeBatch(bytes: Buffer): unknown {
  const attributes = bytes.readInt16BE(ATTRIBUTES_AT)
  const payload = bytes.subarray(HEADER_BYTES)
  return {
    baseOffset: bytes.readBigInt64BE(0),
    magic: bytes.readInt8(16),
    isCrcRight: bytes.readUInt32BE(CRC_AT) === crc32c(bytes.subarray(ATTRIBUTES_AT)),
    attributes,
    lastOffsetDelta: bytes.readInt32BE(23),
    producerId: bytes.readBigInt64BE(43),
    producerEpoch: bytes.readInt16BE(51),
    baseSequence: bytes.readInt32BE(53),
    values: valuesIn(attributes & GZIP ? gunzipSync(payload) : payload, bytes.readInt32BE(57)),
  }
}

const SHOWN_CHARACTERS = 20

function valuesIn(payload: Buffer, count: number): readonly (string | null)[] {
  const r = new Reader(payload)
  return Array.from({ length: count }, () => {
    const record = new Reader(r.bytes(r.varint()))
    record.int8()
    record.varlong()
    record.varint()
    const keyLength = record.varint()
    if (keyLength > 0) record.bytes(keyLength)
    const length = record.varint()
    const value = length < 0 ? null : record.text(length)
    return value !== null && value.length > SHOWN_CHARACTERS ? `${value.length} characters` : value
  })
}
