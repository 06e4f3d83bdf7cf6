import type { KafkaMessage } from 'kafkajs'
import type { OpenRecord } from '../../src/kafka/offsets.ts'
import type { BatchControl, RecordBatch } from '../../src/kafka/record-consumer-options.ts'
import { unreadableBatch } from '../../src/kafka/unreadable-records.ts'
import type { Logger } from '../../src/runtime/logger.ts'
import type { Outcome, Step } from '../terms/step.ts'
import { MalformedRecordError } from './record-headers.ts'

/** What was done with a record. */
export type RecordVerdict = 'applied' | 'malformed'

export interface IntakeMetrics {
  /** A record of a topic was taken. */
  recordTaken(topic: string, verdict: RecordVerdict): void
}

/** Turns a record into a step. Throws `MalformedRecordError`. */
export type Decoder = (message: KafkaMessage, partition: number) => Step

export interface IntakeOptions {
  /** By topic. */
  readonly decoders: ReadonlyMap<string, Decoder>
  readonly steps: { run(step: Step): Promise<Outcome> }
  /** Where a topic's malformed records go. */
  readonly deadLetters: ReadonlyMap<string, { put(partition: number, message: KafkaMessage, reason: string): Promise<void> }>
  /** At this number of records that are not done, no more are taken. */
  readonly maxOpen: number
  readonly log: Logger
  readonly metrics: IntakeMetrics
}

/**
 * Turns records into steps. The steps of a batch run together, each resource's in the order of its records. A record is done, and its
 * offset may be committed, when its step is committed in Postgres or when it is in the dead letters.
 */
export class Intake {
  readonly #options: IntakeOptions
  #open = 0
  #room = Promise.withResolvers<void>()

  constructor(options: IntakeOptions) {
    this.#options = options
  }

  /** Records that are not done. */
  get open(): number {
    return this.#open
  }

  /** Resolves when no record is open. */
  async idle(): Promise<void> {
    while (this.#open > 0) await this.#room.promise
  }

  /** Takes the records of one partition, for a `RecordConsumer`. Resolves when all are taken; their steps may still run. */
  async take({ topic, partition, messages, offsets }: RecordBatch, control: BatchControl): Promise<void> {
    for (const message of messages) {
      while (this.#open >= this.#options.maxOpen && !control.isOver) await control.waitFor(this.#room.promise)
      if (control.isOver) return
      const record = offsets.open(Number(message.offset))
      const reason = this.#begin(topic, partition, message, record)
      if (reason !== undefined) await this.#putAside(topic, partition, message, reason, record)
      control.taken(Number(message.offset))
    }
  }

  /** Starts the record's step, or returns why it has none. */
  #begin(topic: string, partition: number, message: KafkaMessage, record: OpenRecord): string | undefined {
    const unreadable = unreadableBatch(message)
    if (unreadable === 'rest') {
      record.done = true
      return undefined
    }
    if (unreadable) return unreadable.reason
    try {
      const step = this.#options.decoders.get(topic)!(message, partition)
      void this.#run(topic, step, record)
      return undefined
    } catch (error) {
      if (error instanceof MalformedRecordError) return error.message
      throw error
    }
  }

  async #run(topic: string, step: Step, record: OpenRecord): Promise<void> {
    const { steps, log, metrics } = this.#options
    this.#open++
    try {
      await steps.run(step)
      record.done = true
      metrics.recordTaken(topic, 'applied')
    } catch (err) {
      log.warn({ err }, 'intake: a step was not applied; its record will be read again')
    } finally {
      this.#open--
      this.#room.resolve()
      this.#room = Promise.withResolvers()
    }
  }

  async #putAside(topic: string, partition: number, message: KafkaMessage, reason: string, record: OpenRecord): Promise<void> {
    await this.#options.deadLetters.get(topic)!.put(partition, message, reason)
    record.done = true // not before: if it failed the record is read again
    this.#options.metrics.recordTaken(topic, 'malformed')
  }
}
