import type { KafkaMessage } from 'kafkajs'
import { decode } from './messages/decode.ts'
import { readHeaders, type Envelope, type ReplyTo } from './messages/headers.ts'
import { malformed } from './messages/malformed-error.ts'
import type { Ack, Ping } from './messages/message.ts'

export interface PingRequest {
  readonly kind: 'ping'
  readonly ping: Ping
  readonly envelope: Envelope & { readonly replyTo: ReplyTo }
}

/** What a record of the request topic says. */
export type Request = PingRequest | { readonly kind: 'ack'; readonly ack: Ack; readonly envelope: Envelope }

/** Undefined for a message that is for no server. Throws `MalformedError`. */
export function readRequest({ value, headers }: Pick<KafkaMessage, 'value' | 'headers'>): Request | undefined {
  const message = decode(value)
  if (message.type === 'echo') return undefined
  if (message.type === 'pong') throw malformed('type', '"pong"', 'ping or ack')
  const envelope = readHeaders(headers)
  if (message.type === 'ack') return { kind: 'ack', ack: message, envelope }
  const { replyTo } = envelope
  if (replyTo === undefined) throw malformed('reply-to', 'none', 'a topic and a partition, such as pong/3')
  return { kind: 'ping', ping: message, envelope: { ...envelope, replyTo } }
}
