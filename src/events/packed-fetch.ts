import { createRequire } from 'node:module'
import type { KafkaMessage } from 'kafkajs'
import { DecoderOf, type Decoder } from './kafkajs-decoders.ts'
import { PackedRecords } from './packed-records.ts'
import { indexRecords } from './record-index.ts'

type Messages = readonly KafkaMessage[] | PackedRecords

/** What kafkajs wants of the answer to a Fetch, version 11. */
interface FetchResponse {
  readonly throttleTime: 0
  readonly clientSideThrottleTime: number
  readonly errorCode: number
  readonly sessionId: number
  readonly responses: readonly { readonly topicName: string; readonly partitions: readonly object[] }[]
}

interface ResponseDecoder {
  decode(response: Buffer): Promise<FetchResponse>
}

const require = createRequire(import.meta.url)
const kafkajsOwn = require('kafkajs/src/protocol/requests/fetch/v4/decodeMessages') as (decoder: Decoder) => Promise<readonly KafkaMessage[]>
const SIZE_OF_SIZE = 4

/**
 * From here on consumers of this process get their batches' messages as `PackedRecords` where all of a partition's records are plain,
 * and the broker speaks version 11 of Fetch (Kafka 2.3 and newer); else as ever. Patches the decoder once, however often it is called.
 */
export function packFetches(): void {
  const response = require('kafkajs/src/protocol/requests/fetch/v11/response') as ResponseDecoder
  response.decode = decodeResponse
}

async function decodeResponse(response: Buffer): Promise<FetchResponse> {
  const decoder = new DecoderOf(response)
  return {
    throttleTime: 0, // the broker leaves that to us: kafkajs obeys the other one
    clientSideThrottleTime: decoder.readInt32(),
    errorCode: decoder.readInt16(),
    sessionId: decoder.readInt32(),
    responses: await decoder.readArrayAsync(decodeTopic),
  }
}

async function decodeTopic(decoder: Decoder) {
  return { topicName: decoder.readString(), partitions: await decoder.readArrayAsync(decodePartition) }
}

async function decodePartition(decoder: Decoder) {
  const header = {
    partition: decoder.readInt32(),
    errorCode: decoder.readInt16(),
    highWatermark: String(decoder.readInt64()),
    lastStableOffset: String(decoder.readInt64()),
    lastStartOffset: String(decoder.readInt64()),
    abortedTransactions: decoder.readArray(decodeAborted),
    preferredReadReplica: decoder.readInt32(),
  }
  return { ...header, messages: await decodeMessages(decoder, header.abortedTransactions.length > 0) }
}

function decodeAborted(decoder: Decoder) {
  return { producerId: String(decoder.readInt64()), firstOffset: String(decoder.readInt64()) }
}

async function decodeMessages(decoder: Decoder, hasAborted: boolean): Promise<Messages> {
  const { buffer, offset } = decoder
  const start = offset + SIZE_OF_SIZE
  const size = buffer.readInt32BE(offset)
  const index = size <= 0 || start + size > buffer.length || hasAborted ? undefined : indexRecords(buffer.subarray(start, start + size))
  if (index === undefined || index.length === 0) return kafkajsOwn(decoder)
  decoder.forward(SIZE_OF_SIZE + size)
  return new PackedRecords(index)
}
