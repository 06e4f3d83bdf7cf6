import { createRequire } from 'node:module'
import type { IHeaders, KafkaMessage } from 'kafkajs'
import { ATTRIBUTES_AT, FIRST_TIMESTAMP_AT, HAS_APPEND_TIME, MAX_TIMESTAMP_AT } from './batch-layout.ts'
import type { RecordIndex } from './record-index.ts'

/** Reads Kafka's protocol from a Buffer, from `offset` on. */
export interface Decoder {
  readonly buffer: Buffer
  offset: number
  forward(size: number): void
  readInt8(): number
  readVarInt(): number
  readVarLong(): { toString(): string }
  readVarIntBytes(): Buffer | null
  readVarIntString(): string | null
  readInt16(): number
  readInt32(): number
  readInt64(): bigint
  readString(): string
  readArray<T>(read: (decoder: Decoder) => T): T[]
  readArrayAsync<T>(read: (decoder: Decoder) => Promise<T>): Promise<T[]>
}

const require = createRequire(import.meta.url)
/** kafkajs 2.2.4 does not export its decoders. package.json fixes the version, and tests cover what is used of them. */
export const DecoderOf = require('kafkajs/src/protocol/decoder') as new (bytes: Buffer) => Decoder

/**
 * One record as the message that kafkajs would make. kafkajs' decoder copies all headers for each further one, which takes minutes if
 * there are many, and treats a header named `toString` as a repeated one whose first value is a function.
 */
export function decodeRecord({ bytes, batches, records }: RecordIndex, index: number): KafkaMessage {
  const { at, firstOffset } = batches.findLast(({ first }) => first <= index)!
  const decoder = new DecoderOf(bytes.subarray(records[2 * index], records[2 * index + 1]))
  const attributes = decoder.readInt8()
  const delta = BigInt(decoder.readVarLong().toString())
  const hasAppendTime = (bytes.readUInt16BE(at + ATTRIBUTES_AT) & HAS_APPEND_TIME) !== 0
  const time = hasAppendTime
    ? bytes.readBigInt64BE(at + MAX_TIMESTAMP_AT)
    : BigInt.asIntN(64, bytes.readBigInt64BE(at + FIRST_TIMESTAMP_AT) + delta)
  const offset = firstOffset + decoder.readVarInt()
  const key = decoder.readVarIntBytes()
  const value = decoder.readVarIntBytes()
  return { attributes, timestamp: String(time), offset: String(offset), key, value, headers: readHeaders(decoder) }
}

/** A repeated name has all its values in an array. A header without a value has null, contrary to kafkajs' types. */
function readHeaders(decoder: Decoder): IHeaders {
  const values = new Map<string, (Buffer | null)[]>()
  for (let left = decoder.readVarInt(); left > 0; left--) {
    const name = String(decoder.readVarIntString())
    const value = decoder.readVarIntBytes()
    const ofName = values.get(name)
    if (ofName) ofName.push(value)
    else values.set(name, [value])
  }
  return Object.fromEntries([...values].map(([name, all]) => [name, (all.length === 1 ? all[0] : all) as Buffer | Buffer[]]))
}
