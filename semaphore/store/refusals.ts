import type { Queryable } from '../../src/postgres/connect.ts'
import { laneOf } from './lanes.ts'

/** A record of Kafka. */
export interface RecordName {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Kafka's, in ms. */
  readonly timestampMs: number
}

export type RefusedKind = 'refusedFull' | 'refusedConflict' | 'refusedEvent'

/** By their number in the outbox. */
const KINDS: Readonly<Record<RefusedKind, number>> = { refusedFull: 7, refusedConflict: 8, refusedEvent: 9 }

/** What is published of a refused record. */
export interface Refusal {
  readonly record: RecordName
  /** Who has claimed the record's partition. */
  readonly reader: string
  /** The group has committed the records of the partition below this offset. */
  readonly committed: number
  readonly kind: RefusedKind
  readonly resource: string
  readonly commandId: string
  /** The command's token, if it is part of the reason. */
  readonly token: bigint | undefined
  /** Of kind 9. */
  readonly event: string | undefined
  readonly reason: string | undefined
}

/** Makes `reader`, a UUID, the reader of a partition. Returns the refused records from `from` on: their timestamps by offset. */
export async function claimPartition(
  db: Queryable,
  reader: string,
  { topic, partition, from }: { readonly topic: string; readonly partition: number; readonly from: number },
): Promise<ReadonlyMap<number, number>> {
  const { rows } = await db.query<{ record_offset: bigint; timestamp_ms: bigint }>({
    name: 'semaphore_claim_partition',
    text: 'select * from claim_partition($1, $2, $3, $4)',
    values: [topic, partition, reader, from],
  })
  return new Map(rows.map(row => [Number(row.record_offset), Number(row.timestamp_ms)]))
}

const PUBLISH = {
  name: 'semaphore_publish_refusals',
  text: 'select publish_refusals($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) as counts',
}

/**
 * Publishes refusals, each record's once. Resolves after the commit with whether each counts: not if another reader has claimed the
 * partition. If it rejects, call it again with the same refusals.
 */
export async function publishRefusals(db: Queryable, laneCount: number, refusals: readonly Refusal[]): Promise<readonly boolean[]> {
  const column = (pick: (refusal: Refusal) => unknown): unknown[] => refusals.map(pick)
  const values = [
    column(({ reader }) => reader),
    column(({ record }) => record.topic),
    column(({ record }) => record.partition),
    column(({ record }) => record.offset),
    column(({ record }) => record.timestampMs),
    column(({ committed }) => committed),
    column(({ resource }) => laneOf(resource, laneCount)),
    column(({ kind }) => KINDS[kind]),
    column(({ resource }) => resource),
    column(({ commandId }) => commandId),
    column(({ token }) => (token === undefined ? null : String(token))),
    column(({ event }) => event ?? null),
    column(({ reason }) => reason ?? null),
  ]
  return (await db.query<{ counts: readonly boolean[] }>({ ...PUBLISH, values })).rows[0]!.counts
}
