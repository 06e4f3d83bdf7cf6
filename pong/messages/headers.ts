import { shownText } from '../../src/runtime/shown-text.ts'
import { malformed } from './malformed-error.ts'

/** What the headers of a message say. */
export interface Envelope {
  /** A UUID for each probe, in lower case. */
  readonly correlationId: string
  /** Where replies go. Only pings have it. */
  readonly replyTo?: ReplyTo | undefined
  /** W3C trace context, as received; undefined if absent or malformed. */
  readonly traceparent?: string | undefined
  /** True if the client confirms the reply with an ack. */
  readonly handshake: boolean
}

/** One partition of a topic. */
export interface ReplyTo {
  readonly topic: string
  readonly partition: number
}

/** Headers as kafkajs reads and writes them. A header without a value is null, contrary to its types. */
export type Headers = Readonly<Record<string, Buffer | string | readonly (Buffer | string)[] | null | undefined>>

const CORRELATION_ID = 'correlation-id'
const REPLY_TO = 'reply-to'
const TRACEPARENT = 'traceparent'
const HANDSHAKE = 'handshake'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const PLACE = /^(?!\.{1,2}\/)([A-Za-z0-9._-]{1,249})\/(0|[1-9]\d{0,9})$/
const TRACE = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?=$|-)/
const MAX_TRACEPARENT = 512
const MAX_PARTITION = 2 ** 31 - 1

/** Throws `MalformedError`. Other headers are ignored. */
export function readHeaders(headers: Headers | undefined): Envelope {
  const replyTo = oneText(headers, REPLY_TO)
  const traceparent = oneText(headers, TRACEPARENT)
  return {
    correlationId: correlationId(oneText(headers, CORRELATION_ID)),
    replyTo: replyTo === undefined ? undefined : readReplyTo(replyTo),
    traceparent: traceparent !== undefined && traceparent.length <= MAX_TRACEPARENT && TRACE.test(traceparent) ? traceparent : undefined,
    handshake: handshake(oneText(headers, HANDSHAKE)),
  }
}

/** The headers of a record. */
export function writeHeaders({ correlationId, replyTo, traceparent, handshake }: Envelope): Record<string, string> {
  return {
    [CORRELATION_ID]: correlationId,
    ...(replyTo === undefined ? {} : { [REPLY_TO]: `${replyTo.topic}/${replyTo.partition}` }),
    ...(traceparent === undefined ? {} : { [TRACEPARENT]: traceparent }),
    ...(handshake ? { [HANDSHAKE]: '1' } : {}),
  }
}

function correlationId(text: string | undefined): string {
  if (text !== undefined && UUID.test(text)) return text.toLowerCase()
  throw malformed(CORRELATION_ID, shown(text), 'a UUID')
}

function readReplyTo(text: string): ReplyTo {
  const [, topic, partition] = PLACE.exec(text) ?? []
  if (topic === undefined || Number(partition) > MAX_PARTITION)
    throw malformed(REPLY_TO, shown(text), 'a topic and a partition, such as pong/3')
  return { topic, partition: Number(partition) }
}

function handshake(text: string | undefined): boolean {
  if (text === undefined || text === '0') return false
  if (text === '1') return true
  throw malformed(HANDSHAKE, shown(text), '0 or 1')
}

/** The only value of the header; undefined if it is absent. */
function oneText(headers: Headers | undefined, name: string): string | undefined {
  const value = headers !== undefined && Object.hasOwn(headers, name) ? headers[name] : undefined
  if (value === undefined) return undefined
  if (value === null) throw malformed(name, 'no value', 'one value')
  if (typeof value === 'string' || Buffer.isBuffer(value)) return String(value)
  throw malformed(name, `${value.length} values`, 'one value')
}

function shown(text: string | undefined): string {
  return text === undefined ? 'none' : shownText(text)
}
