import type { KafkaMessage } from 'kafkajs'
import type { BatchControl, RecordBatch } from '../src/kafka/record-consumer-options.ts'
import { unreadableBatch } from '../src/kafka/unreadable-records.ts'
import type { Answerer } from './answerer.ts'
import type { Burials } from './burials.ts'
import { mayRepeat } from './may-repeat.ts'
import { MalformedError } from './messages/malformed-error.ts'
import type { PongMetrics } from './metrics.ts'
import { readRequest, type PingRequest, type Request } from './request.ts'
import type { Room } from './room.ts'

/**
 * Which records of the request topic are taken. `shared`: pings to one server, and malformed records, which exactly one server has to
 * report. `own`: pings to all servers or to this one by its name, and acks for its replies.
 */
export type Share = 'shared' | 'own'

export interface IntakeOptions {
  readonly share: Share
  /** Name of this server. */
  readonly name: string
  readonly answerer: Answerer
  readonly burials: Burials
  readonly room: Room
  readonly metrics: Pick<PongMetrics, 'received'>
  readonly nowMs: () => number
}

type Reading = Request | { readonly kind: 'malformed'; readonly reason: string } | { readonly kind: 'ignored' }

const IGNORED: Reading = { kind: 'ignored' }

/** Takes the records of a consumer, and gives the pings to the answerer. */
export class Intake {
  readonly #options: IntakeOptions

  constructor(options: IntakeOptions) {
    this.#options = options
  }

  /** Takes records while there is room. Rejects if the group rebalances while it waits for room. */
  async take(batch: RecordBatch, control: BatchControl): Promise<void> {
    const { room, nowMs } = this.#options
    const receivedMs = nowMs()
    for (const message of batch.messages) {
      while (room.isFull && !control.isOver) await control.waitFor(room.untilRoom())
      if (control.isOver) return
      this.#takeRecord(batch, message, receivedMs)
      control.taken(Number(message.offset))
    }
  }

  #takeRecord(batch: RecordBatch, message: KafkaMessage, receivedMs: number): void {
    const { answerer, burials, metrics } = this.#options
    const reading = this.#read(message)
    metrics.received(reading.kind)
    switch (reading.kind) {
      case 'ping':
        return this.#takePing(batch, message, reading, receivedMs)
      case 'malformed':
        return burials.bury(batch.partition, message, reading.reason, this.#open(batch, message))
      case 'ack':
        answerer.acknowledge(reading.envelope.correlationId, reading.ack)
    }
    batch.offsets.pass(Number(message.offset))
  }

  #takePing(batch: RecordBatch, message: KafkaMessage, { ping, envelope }: PingRequest, receivedMs: number): void {
    const { answerer, burials } = this.#options
    answerer.take({
      ...envelope,
      seq: ping.seq,
      padding: ping.padding,
      mayRepeat: batch.offsets.wasReceived(Number(message.offset)) || mayRepeat(Number(message.offset), ping.attempt, batch.start),
      receivedMs,
      done: this.#open(batch, message),
      bury: (reason, then) => burials.bury(batch.partition, message, reason, then),
    })
  }

  /** The record is not done until what this returns is called. */
  #open({ offsets }: RecordBatch, message: KafkaMessage): () => void {
    const record = offsets.open(Number(message.offset))
    const leave = this.#options.room.take(message)
    return () => {
      record.done = true
      leave()
    }
  }

  #read(message: KafkaMessage): Reading {
    const isShared = this.#options.share === 'shared'
    const unreadable = unreadableBatch(message)
    if (unreadable !== undefined) return unreadable !== 'rest' && isShared ? { kind: 'malformed', reason: unreadable.reason } : IGNORED
    try {
      const request = readRequest(message)
      return request !== undefined && this.#isWanted(request) ? request : IGNORED
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error
      return isShared ? { kind: 'malformed', reason: error.message } : IGNORED
    }
  }

  #isWanted(request: Request): boolean {
    const { share, name } = this.#options
    if (request.kind === 'ack') return share === 'own' && request.ack.to === name
    const { to } = request.ping
    if (share === 'shared') return to === 'one'
    return to === 'all' || (to !== 'one' && to.includes(name))
  }
}
