import { randomBytes } from 'node:crypto'
import { decode } from '../../../pong/messages/decode.ts'
import { encode } from '../../../pong/messages/encode.ts'
import { writeHeaders, type ReplyTo } from '../../../pong/messages/headers.ts'
import type { Message } from '../../../pong/messages/message.ts'
import { Correlation } from './correlation.ts'
import type { ProbeEvent } from './probe-events.ts'
import type { Addressees } from './probe.ts'

/** A record to write. */
export interface OutgoingProbe {
  readonly topic: string
  readonly partition: number
  readonly key: string
  readonly value: string
  readonly headers: Record<string, string>
}

/** What is needed of a record that was read. */
export interface ReadRecord {
  readonly value: Buffer | null
  readonly headers?: Readonly<Record<string, unknown>> | undefined
}

export interface MessageOptions {
  readonly topic: string
  readonly to: Addressees | undefined
  /** Size of the padding. */
  readonly bytes: number
  /** The client confirms each reply. */
  readonly handshake: boolean
  /** Where the reply to a ping of this partition goes. */
  readonly replyTo: (partition: number) => ReplyTo
}

/** Writes the records of a run, and finds what own records that were read mean. Records of others mean nothing. */
export class ProbeMessages {
  readonly #options: MessageOptions
  readonly #correlation: Correlation
  /** Characters that no other run has, so that content of another one is never taken for intact. */
  readonly #padding: string

  constructor(options: MessageOptions, correlation = new Correlation()) {
    this.#options = options
    this.#correlation = correlation
    this.#padding = randomBytes(options.bytes).toString('base64url').slice(0, options.bytes)
  }

  /** `attempt` 2: the same ping once more. */
  probe(seq: number, partition: number, attempt: number): OutgoingProbe {
    const { to, replyTo, handshake } = this.#options
    const correlationId = this.#correlation.idOf(seq)
    const padding = this.#padding
    if (to === undefined) return this.#record(partition, { type: 'echo', seq, padding }, writeHeaders({ correlationId, handshake: false }))
    const traceparent = `00-${correlationId.replaceAll('-', '')}-${String(attempt).padStart(16, '0')}-00`
    const headers = writeHeaders({ correlationId, replyTo: replyTo(partition), traceparent, handshake })
    return this.#record(partition, { type: 'ping', seq, to, attempt, padding }, headers)
  }

  /** Confirms the reply of this server. */
  confirmation(seq: number, partition: number, from: string): OutgoingProbe {
    return this.#record(
      partition,
      { type: 'ack', seq, to: from },
      writeHeaders({ correlationId: this.#correlation.idOf(seq), handshake: false }),
    )
  }

  /** What a record of the request topic means. */
  readRequest(record: ReadRecord, atMs: number): ProbeEvent | undefined {
    const seq = this.#seqOf(record)
    if (seq === undefined) return undefined
    const message = messageOf(record)
    if (message?.type === 'ack') return undefined
    const intact = message !== undefined && message.type !== 'pong' && message.seq === seq && message.padding === this.#padding
    return { kind: 'echoed', seq, atMs, attempt: message?.type === 'ping' ? message.attempt : 1, intact }
  }

  /** What a record of the reply topic means. */
  readReply(record: ReadRecord, atMs: number): ProbeEvent | undefined {
    const seq = this.#seqOf(record)
    const message = seq === undefined ? undefined : messageOf(record)
    if (seq === undefined || message?.type !== 'pong') return undefined
    const { from, heldUs, attempt, redelivered, padding } = message
    const intact = message.seq === seq && padding === this.#padding
    return { kind: 'answered', seq, answer: { from, atMs, heldMs: heldUs / 1_000, attempt, redelivered, intact } }
  }

  #record(partition: number, message: Message, headers: Record<string, string>): OutgoingProbe {
    return { topic: this.#options.topic, partition, key: headers['correlation-id']!, value: encode(message), headers }
  }

  #seqOf({ headers }: ReadRecord): number | undefined {
    const id = headers?.['correlation-id']
    return typeof id === 'string' || Buffer.isBuffer(id) ? this.#correlation.seqOf(String(id)) : undefined
  }
}

/** Undefined: what came back is no message. */
function messageOf({ value }: ReadRecord): Message | undefined {
  try {
    return decode(value)
  } catch {
    return undefined
  }
}
