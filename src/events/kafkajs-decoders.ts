import { createRequire } from 'node:module'
import type { KafkaMessage } from 'kafkajs'
import type { RecordIndex } from './record-index.ts'

/** Reads Kafka's protocol from a Buffer, from `offset` on. */
export interface Decoder {
  readonly buffer: Buffer
  offset: number
  forward(size: number): void
  readInt16(): number
  readInt32(): number
  readInt64(): bigint
  readString(): string
  readArray<T>(read: (decoder: Decoder) => T): T[]
  readArrayAsync<T>(read: (decoder: Decoder) => Promise<T>): Promise<T[]>
}

interface BatchContext {
  readonly magicByte: 2
  readonly firstOffset: string
  readonly firstTimestamp: string
  readonly maxTimestamp: string
  readonly timestampType: 0 | 1
}

type DecodeRecord = (decoder: Decoder, batch: BatchContext) => KafkaMessage

const require = createRequire(import.meta.url)
/** kafkajs 2.2.4 does not tell of its decoders: the version is fixed in package.json, and tests hold what is used of them. */
export const DecoderOf = require('kafkajs/src/protocol/decoder') as new (bytes: Buffer) => Decoder
const decode = require('kafkajs/src/protocol/recordBatch/record/v0/decoder') as DecodeRecord

const [ATTRIBUTES_AT, FIRST_TIMESTAMP_AT, MAX_TIMESTAMP_AT] = [21, 27, 35]
const HAS_APPEND_TIME = 0x08

/** One record as kafkajs makes a message of it. */
export function decodeRecord({ bytes, batches, records }: RecordIndex, index: number): KafkaMessage {
  const { at, firstOffset } = batches.findLast(({ first }) => first <= index)!
  const context: BatchContext = {
    magicByte: 2,
    firstOffset: String(firstOffset),
    firstTimestamp: String(bytes.readBigInt64BE(at + FIRST_TIMESTAMP_AT)),
    maxTimestamp: String(bytes.readBigInt64BE(at + MAX_TIMESTAMP_AT)),
    timestampType: bytes.readUInt16BE(at + ATTRIBUTES_AT) & HAS_APPEND_TIME ? 1 : 0,
  }
  return decode(new DecoderOf(bytes.subarray(records[2 * index], records[2 * index + 1])), context)
}
