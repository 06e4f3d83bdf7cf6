import type { KafkaMessage } from 'kafkajs'
import type { Connections } from './broker-connections.ts'
import { PackedRecords } from './packed-records.ts'

export type Messages = readonly KafkaMessage[] | PackedRecords

/** Error codes of the protocol. */
export const OFFSET_OUT_OF_RANGE = 1

export type ListedOffset = 'earliest' | 'latest'

interface Responses<Partition> {
  readonly responses: readonly {
    readonly partitions: readonly (Partition & { readonly partition: number; readonly errorCode: number })[]
  }[]
}

const TIMESTAMPS: Readonly<Record<ListedOffset, number>> = { earliest: -2, latest: -1 }
const READ_UNCOMMITTED = 0
const MAX_BYTES = 4 * 1024 * 1024
const MAX_PARTITION_BYTES = 1024 * 1024

/** Asks the leader of these partitions where each begins or ends: the offset of the first record, or the one that the next record gets. */
export async function listOffsets(
  connections: Connections,
  node: number,
  topic: string,
  wanted: readonly { readonly partition: number; readonly from: ListedOffset }[],
): Promise<readonly { readonly partition: number; readonly errorCode: number; readonly offset: number }[]> {
  const partitions = wanted.map(({ partition, from }) => ({ partition, timestamp: TIMESTAMPS[from] }))
  const options = { isolationLevel: READ_UNCOMMITTED, topics: [{ topic, partitions }] }
  const { responses } = await connections.ask<Responses<{ readonly offset: string }>>(node, 'ListOffsets', options)
  return responses.flatMap(response =>
    response.partitions.map(({ partition, errorCode, offset }) => ({ partition, errorCode, offset: Number(offset) })),
  )
}

/** Asks the leader of these partitions for records. It answers at once if there are some, or else after `maxWaitMs`. */
export async function fetchRecords(
  connections: Connections,
  node: number,
  topic: string,
  wanted: readonly { readonly partition: number; readonly offset: number }[],
  maxWaitMs: number,
): Promise<readonly { readonly partition: number; readonly errorCode: number; readonly messages: Messages }[]> {
  const partitions = wanted.map(({ partition, offset }) => ({ partition, fetchOffset: offset, maxBytes: MAX_PARTITION_BYTES }))
  const options = {
    maxWaitTime: maxWaitMs,
    minBytes: 1,
    maxBytes: MAX_BYTES,
    isolationLevel: READ_UNCOMMITTED,
    topics: [{ topic, partitions }],
    rackId: '',
  }
  const { responses } = await connections.ask<Responses<{ readonly messages: Messages }>>(node, 'Fetch', options, maxWaitMs)
  return responses.flatMap(response => response.partitions)
}

/** The records from this offset on, without the marks of transactions. A broker answers with whole batches, and may begin before. */
export function recordsFrom(messages: Messages, offset: number): Messages {
  const isWanted = (message: { readonly offset: string; readonly isControlRecord?: boolean }): boolean =>
    Number(message.offset) >= offset && message.isControlRecord !== true
  return messages.filter(isWanted)
}

/** The offset of the last record, of which there is one. */
export function lastOffset(messages: Messages): number {
  return messages instanceof PackedRecords ? messages.offsetAt(messages.length - 1) : Number(messages.at(-1)!.offset)
}
