import { crc32c } from '@platformatic/kafka'
import { decodeRecords } from '../../../broker/records/records.ts'
import { fetch } from '../../../broker/wire/tables/fetch.ts'
import { readValue } from './numbered-values.ts'
import { throughCrashes, type PatientConnection } from './patient-connection.ts'
import { nameOf, type Partition } from './place.ts'

/** A record in the log. */
export interface Found {
  readonly offset: bigint
  readonly producer: string
  readonly number: number
}

const VERSION = 11
const MAX_BYTES = 1_000_000
const LENGTH_AT = 8
const CRC_AT = 17
const ATTRIBUTES_AT = 21

/** All records of a partition. Throws if the offsets have gaps or a CRC is wrong. */
export async function readLog(broker: string, partition: Partition): Promise<readonly Found[]> {
  return throughCrashes(broker, async connection => {
    const found: Found[] = []
    for (;;) {
      const { records, highWatermark } = await fetchFrom(connection, partition, BigInt(found.length))
      for (const batch of batchesOf(records)) take(batch, partition, found)
      if (BigInt(found.length) >= highWatermark) return found
    }
  })
}

async function fetchFrom(
  connection: PatientConnection,
  { topic, partition }: Partition,
  fetchOffset: bigint,
): Promise<{ records: Buffer; highWatermark: bigint }> {
  const topics = [{ topic, partitions: [{ partition, fetchOffset, partitionMaxBytes: MAX_BYTES }] }]
  const { responses } = await connection.ask(fetch, VERSION, { replicaId: -1, maxWaitMs: 0, minBytes: 0, maxBytes: MAX_BYTES, topics })
  const answer = responses[0]?.partitions[0]
  if (answer?.errorCode !== 0)
    throw new Error(`${nameOf({ topic, partition })} from offset ${fetchOffset} returned error ${answer?.errorCode}`)
  return { records: answer.records ?? Buffer.alloc(0), highWatermark: answer.highWatermark }
}

function* batchesOf(records: Buffer): Generator<Buffer> {
  for (let at = 0; at < records.length;) {
    const end = at + LENGTH_AT + 4 + records.readInt32BE(at + LENGTH_AT)
    yield records.subarray(at, end)
    at = end
  }
}

function take(batch: Buffer, partition: Partition, found: Found[]): void {
  const baseOffset = batch.readBigInt64BE(0)
  if (crc32c(batch.subarray(ATTRIBUTES_AT)) !== batch.readUInt32BE(CRC_AT))
    throw new Error(`${nameOf(partition)}: the batch at ${baseOffset} has a wrong CRC`)
  for (const { offset, value } of decodeRecords(batch)) {
    if (offset < BigInt(found.length)) continue // before the requested offset
    if (offset > BigInt(found.length)) throw new Error(`${nameOf(partition)}: got the offset ${offset}, expected ${found.length}`)
    found.push({ offset, ...readValue(value) })
  }
}
