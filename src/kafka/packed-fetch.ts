import { createRequire } from 'node:module'
import type { KafkaMessage } from 'kafkajs'
import { DecoderOf, type Decoder } from './kafkajs-decoders.ts'
import { PackedRecords } from './packed-records.ts'
import { decompressBatch, indexRecords, isCompressed, isPlain, splitBatches } from './record-index.ts'
import { unreadableMessages } from './unreadable-records.ts'

type Messages = readonly KafkaMessage[] | PackedRecords

/** The response to Fetch, version 11, as kafkajs needs it. */
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
const kafkajsOwn = require('kafkajs/src/protocol/requests/fetch/v4/decodeMessages') as (
  decoder: Decoder,
) => Promise<readonly KafkaMessage[]>
const SIZE_OF_SIZE = 4

/**
 * After this call, consumers of this process get a batch's messages as `PackedRecords` if all records of the partition are plain and
 * the broker supports Fetch version 11 (Kafka 2.3 and newer); otherwise as usual. Patches kafkajs' decoder; may be called again.
 */
export function packFetches(): void {
  const response = require('kafkajs/src/protocol/requests/fetch/v11/response') as ResponseDecoder
  response.decode = decodeResponse
}

async function decodeResponse(response: Buffer): Promise<FetchResponse> {
  const decoder = new DecoderOf(response)
  return {
    throttleTime: 0, // the client throttles itself: kafkajs uses the other field
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
  if (size <= 0 || start + size > buffer.length || hasAborted) return kafkajsOwn(decoder)
  const set = buffer.subarray(start, start + size)
  const index = indexRecords(set)
  const batches = index === undefined ? splitBatches(set) : []
  if (index?.length === 0 || batches === undefined) return kafkajsOwn(decoder)
  decoder.forward(SIZE_OF_SIZE + size)
  return index === undefined ? decodeBatches(batches) : new PackedRecords(index)
}

/**
 * The messages of batches that are not all plain. At a batch that it cannot read, kafkajs throws and permanently ends the consumer, or
 * loops forever. Here such a batch becomes messages with the reason, and the stream continues.
 */
async function decodeBatches(batches: readonly Buffer[]): Promise<readonly KafkaMessage[]> {
  const messages: KafkaMessage[] = []
  for (const batch of batches) for (const message of await decodeBatch(batch)) messages.push(message)
  return messages
}

async function decodeBatch(batch: Buffer): Promise<Iterable<KafkaMessage>> {
  const plain = isPlain(batch) ? batch : isCompressed(batch) ? await decompressBatch(batch) : undefined
  if (plain === undefined) return decodeByKafkajs(batch)
  const index = indexRecords(plain)
  return index ? new PackedRecords(index) : unreadableMessages(batch, 'a batch with malformed records')
}

async function decodeByKafkajs(batch: Buffer): Promise<readonly KafkaMessage[]> {
  const sized = Buffer.alloc(SIZE_OF_SIZE + batch.length)
  sized.writeInt32BE(batch.length)
  batch.copy(sized, SIZE_OF_SIZE)
  try {
    return await kafkajsOwn(new DecoderOf(sized))
  } catch (error) {
    return unreadableMessages(batch, `a batch that cannot be read: ${(error as Error).message}`)
  }
}
