import type { OutgoingRecord } from '../../src/kafka/partition-choice.ts'
import type { Reply } from '../answerer.ts'
import { encode } from '../messages/encode.ts'
import { writeHeaders } from '../messages/headers.ts'

/** A reply that Kafka has not confirmed. */
export interface PendingReply {
  readonly reply: Reply
  /** Called once: with nothing when Kafka has it, or with the reason if it cannot be sent. */
  readonly settle: (refused?: string) => void
  /** True if an attempt failed: the reply may be in the topic already, so further attempts are marked. */
  mayBeWritten: boolean
}

/** The record of a reply that leaves now. */
export function recordOf({ reply, mayBeWritten }: PendingReply, heldMs: number): OutgoingRecord {
  const { correlationId, replyTo, traceparent, handshake, pong } = reply
  const { type, seq, from, attempt, redelivered, padding } = pong
  return {
    topic: replyTo.topic,
    partition: replyTo.partition,
    key: correlationId,
    headers: writeHeaders({ correlationId, traceparent, handshake }),
    value: encode({ type, seq, from, heldUs: Math.round(heldMs * 1_000), attempt, redelivered: redelivered || mayBeWritten, padding }),
  }
}

/** The partition that the reply goes to, as text. */
export function placeOf({ replyTo }: Reply): string {
  return `${replyTo.topic}/${replyTo.partition}`
}
