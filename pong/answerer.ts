import { Driver, type Entry } from './driver/driver.ts'
import { handshakeServerMachine } from './machines/handshake-server.ts'
import type { ActionOf, EventOf } from './machines/machine.ts'
import { pongMachine } from './machines/pong.ts'
import type { ReplyTo } from './messages/headers.ts'
import type { Ack, Pong } from './messages/message.ts'

type ServerMachine = typeof pongMachine | typeof handshakeServerMachine
type ServerEvent = EventOf<ServerMachine>
type ServerAction = ActionOf<ServerMachine>

/** A ping that was read and is not done. */
export interface OpenPing {
  readonly correlationId: string
  readonly seq: number
  readonly padding: string
  readonly replyTo: ReplyTo
  readonly traceparent?: string | undefined
  readonly handshake: boolean
  /** True if a server may have answered this record, or the same ping in another record, before. */
  readonly mayRepeat: boolean
  /** When the server got it, by the monotonic clock. */
  readonly receivedMs: number
  /** The record is done: its offset may be committed. */
  done(): void
  /** Writes the record to the dead-letter topic, however long that takes. */
  bury(reason: string, then: () => void): void
}

/** A reply on its way; `heldUs` is missing because it is known only when the reply leaves. */
export interface Reply {
  readonly correlationId: string
  readonly replyTo: ReplyTo
  readonly traceparent: string | undefined
  readonly handshake: boolean
  readonly receivedMs: number
  readonly pong: Omit<Pong, 'heldUs'>
}

export interface AnswererMetrics {
  answered(repeated: boolean): void
  refused(): void
  confirmed(): void
  missed(): void
  overdue(): void
  unexpected(): void
  stray(): void
}

export interface AnswererOptions {
  /** Name of this server. */
  readonly name: string
  readonly limitMs: number
  readonly maxOpen: number
  readonly maxSettled: number
  readonly nowMs: () => number
  /** Sends the reply, and calls `then` once: with nothing when Kafka has it, or with the reason if it cannot be sent. */
  readonly send: (reply: Reply, then: (refused?: string) => void) => void
  readonly metrics: AnswererMetrics
  /** One line, for messages and events that should not be. */
  readonly note: (line: string, details: object) => void
}

/** What a session knows. The pings are let go when they are done, so that a session that waits for its ack is small. */
interface Answer {
  readonly seq: number
  pings: OpenPing[]
  /** Why the reply cannot be sent. */
  reason: string
}

type AnswerEntry = Entry<ServerEvent, ServerAction, Answer>

/** Shared by all sessions: never changed. */
const NONE: OpenPing[] = []

/**
 * Answers pings: one session for each correlation id. Pure: it neither waits nor reads a clock of its own. A session that fails, or that
 * takes long, holds up no other one.
 */
export class Answerer {
  readonly #options: AnswererOptions
  readonly #driver: Driver<ServerEvent, ServerAction, Answer>
  readonly #perform: { readonly [A in ServerAction]: (entry: AnswerEntry) => void }

  constructor(options: AnswererOptions) {
    const { metrics, note } = options
    this.#options = options
    this.#driver = new Driver({
      ...options,
      perform: (action, entry) => this.#perform[action](entry),
      onUnexpected: (name, id) => {
        metrics.unexpected()
        note('unexpected event', { event: name, correlationId: id })
      },
    })
    this.#perform = {
      send: entry => this.#send(entry),
      join: () => undefined,
      finish: entry => this.#finish(entry),
      bury: entry => this.#bury(entry),
      confirm: () => metrics.confirmed(),
      miss: () => metrics.missed(),
      warn: ({ id, data }) => {
        metrics.overdue()
        note('a reply takes long', { correlationId: id, seq: data.seq })
      },
      forget: () => undefined,
    }
  }

  get driver(): Pick<
    Driver<ServerEvent, ServerAction, Answer>,
    'find' | 'openSessions' | 'leavingSessions' | 'settledSessions' | 'isFull' | 'untilRoom' | 'tick' | 'nextDeadlineMs'
  > {
    return this.#driver
  }

  /** Takes a ping, the first of its correlation id or a further one. */
  take(ping: OpenPing): void {
    const known = this.#driver.find(ping.correlationId)
    if (known === undefined) {
      const table = ping.handshake ? handshakeServerMachine : pongMachine
      return this.#fire(this.#driver.begin(ping.correlationId, table, { seq: ping.seq, pings: [ping], reason: '' }), 'ping')
    }
    if (known.data.seq !== ping.seq) {
      const reason = `correlation-id: got ${ping.correlationId} again for the ping with seq ${ping.seq}, expected it only for that with seq ${known.data.seq}`
      this.#options.metrics.refused()
      return ping.bury(reason, () => ping.done())
    }
    if (known.data.pings === NONE) known.data.pings = [ping]
    else known.data.pings.push(ping) // a client may repeat one ping thousands of times
    this.#fire(known, 'ping')
  }

  /** Takes the ack of a client for a reply of this server. */
  acknowledge(correlationId: string, ack: Ack): void {
    const known = this.#driver.find(correlationId)
    if (known !== undefined) return this.#fire(known, 'ack')
    this.#options.metrics.stray()
    this.#options.note('ack for a session that is over or never was', { correlationId, seq: ack.seq })
  }

  #fire(entry: AnswerEntry, event: ServerEvent): void {
    this.#driver.fire(entry, event)
  }

  #send(entry: AnswerEntry): void {
    const { name, send, metrics } = this.#options
    const { session, data } = entry
    const { correlationId, replyTo, traceparent, handshake, receivedMs, padding, seq, mayRepeat } = data.pings[0]!
    const redelivered = mayRepeat || session.attempt > 1
    const pong = { type: 'pong' as const, seq, from: name, attempt: session.attempt, redelivered, padding }
    send({ correlationId, replyTo, traceparent, handshake, receivedMs, pong }, refused => {
      if (refused === undefined) metrics.answered(redelivered)
      data.reason = refused ?? ''
      this.#fire(entry, refused === undefined ? 'acked' : 'refused')
    })
  }

  #finish({ data }: AnswerEntry): void {
    const pings = data.pings
    data.pings = NONE
    for (const ping of pings) ping.done()
  }

  #bury(entry: AnswerEntry): void {
    const { data } = entry
    this.#options.metrics.refused()
    data.pings[0]!.bury(data.reason, () => this.#fire(entry, 'buried'))
  }
}
