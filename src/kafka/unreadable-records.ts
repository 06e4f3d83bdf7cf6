import type { KafkaMessage } from 'kafkajs'
import { FIRST_TIMESTAMP_AT, LAST_DELTA_AT, MAX_TIMESTAMP_AT } from './batch-layout.ts'

/** Header of the record that represents a batch that could not be decompressed; its value is the original batch. */
const REASON = 'ping-unreadable-batch'
/** Header of the further records of such a batch: their content is in the first. */
const REST = 'ping-unreadable-rest'
/** A codec does not know how many records a batch has, so this many are created; kafkajs reads as many as the batch has. */
const MAX_RECORDS = 2 ** 18

/** What a record of an unreadable batch represents, or undefined for any other record. */
export function unreadableBatch({ headers }: KafkaMessage): { readonly reason: string } | 'rest' | undefined {
  if (headers === undefined) return undefined
  const reason = headers[REASON]
  if (reason !== undefined) return { reason: String(reason) }
  return REST in headers ? 'rest' : undefined
}

/** Records in Kafka's format that replace those of a batch that cannot be decompressed; their offsets are consecutive. */
export function unreadableRecords(batch: Buffer, reason: string): Buffer {
  furtherRecords ??= makeFurtherRecords()
  return Buffer.concat([record(0, batch, REASON, reason), furtherRecords])
}

const TIMESTAMP_SIZE = 8

/** Messages that replace those of a batch that cannot be read: the first contains the batch, and one more has its last offset. */
export function unreadableMessages(batch: Buffer, reason: string): KafkaMessage[] {
  const firstOffset = batch.readBigInt64BE(0)
  const hasTimes = batch.length >= MAX_TIMESTAMP_AT + TIMESTAMP_SIZE
  const lastDelta = hasTimes ? batch.readInt32BE(LAST_DELTA_AT) : 0
  const common = { attributes: 0, key: null, timestamp: String(hasTimes ? batch.readBigInt64BE(FIRST_TIMESTAMP_AT) : -1) }
  const first = { ...common, offset: String(firstOffset), value: batch, headers: { [REASON]: Buffer.from(reason) } }
  const last = { ...common, offset: String(firstOffset + BigInt(lastDelta)), value: null, headers: { [REST]: Buffer.alloc(0) } }
  return lastDelta > 0 ? [first, last] : [first]
}

/** The same for every such batch: created once, when first needed. */
let furtherRecords: Buffer | undefined

function makeFurtherRecords(): Buffer {
  const first = record(1, null, REST, '')
  const records = Buffer.alloc((MAX_RECORDS - 1) * first.length, first)
  const deltaAt = first.indexOf(varint(1, DELTA_BYTES))
  for (let index = 0; index < MAX_RECORDS - 1; index++) {
    varint(index + 1, DELTA_BYTES).copy(records, index * first.length + deltaAt)
  }
  return records
}

const NO_ATTRIBUTES = Buffer.of(0)
/** All offset deltas are written in this many bytes, so that all further records have the same length. */
const DELTA_BYTES = 3

function record(offsetDelta: number, value: Buffer | null, header: string, text: string): Buffer {
  const delta = varint(offsetDelta, DELTA_BYTES)
  const body = [NO_ATTRIBUTES, varint(0), delta, bytes(null), bytes(value), varint(1), bytes(Buffer.from(header)), bytes(Buffer.from(text))]
  const length = body.reduce((sum, part) => sum + part.length, 0)
  return Buffer.concat([varint(length), ...body])
}

function bytes(content: Buffer | null): Buffer {
  return content === null ? varint(-1) : Buffer.concat([varint(content.length), content])
}

/** Zigzag, then seven bits per byte, the lowest first; at least `minBytes` bytes. */
function varint(value: number, minBytes = 1): Buffer {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0
  const out: number[] = []
  while (rest > 0x7f || out.length < minBytes - 1) {
    out.push((rest & 0x7f) | 0x80)
    rest >>>= 7
  }
  return Buffer.from([...out, rest])
}
