import { fromBinary } from '@bufbuild/protobuf'
import { PingEventSchema } from '../gen/ping/v1/ping_event_pb.ts'
import type { LedgerRow } from '../terms/ping.ts'

/** A ping in the topic: with its place in the ledger, and the tag of the ping before it, which links the two. */
export interface PingEvent extends LedgerRow {
  /** Tag of the ping before it in its lane; 0 for seq 1. */
  readonly previousTag: bigint
}

/** The decoded value of a record. */
export type Decoded =
  | { readonly kind: 'event'; readonly event: PingEvent }
  /** Written by the producer of the original: it has a time but no place in the ledger. Not counted. */
  | { readonly kind: 'legacy' }
  | { readonly kind: 'undecodable'; readonly reason: string }

/** Reads the value of a record; never throws. */
export function decode(value: Uint8Array | null): Decoded {
  if (value === null) return { kind: 'undecodable', reason: 'the record has no value, expected a ping.v1.PingEvent' }
  try {
    const { pingId: id, timestampMs, lane, seq, tag, previousTag } = fromBinary(PingEventSchema, value)
    if (seq === 0n) return { kind: 'legacy' }
    if (timestampMs === undefined || seq < 0n || tag <= 0n) {
      return {
        kind: 'undecodable',
        reason: `got seq ${seq}, tag ${tag}, timestamp_ms ${timestampMs}, expected seq and tag above 0 and a timestamp_ms`,
      }
    }
    return { kind: 'event', event: { id, timestampMs, lane, seq, tag, previousTag } }
  } catch (error) {
    return { kind: 'undecodable', reason: `not a ping.v1.PingEvent: ${error instanceof Error ? error.message : String(error)}` }
  }
}
