import type { KafkaMessage } from 'kafkajs'
import type { OpenRecord, PartitionOffsets } from '../../src/kafka/offsets.ts'
import type { BatchControl, RecordBatch } from '../../src/kafka/record-consumer-options.ts'
import { unreadableBatch } from '../../src/kafka/unreadable-records.ts'
import type { Logger } from '../../src/runtime/logger.ts'
import type { Outcome, Step } from '../terms/step.ts'
import { MalformedRecordError } from './record-headers.ts'
import { refusalOf } from './refusal-of.ts'
import type { Claim, Refusals } from './refusals.ts'

/** What was done with a record. */
export type RecordVerdict = 'applied' | 'refused' | 'refused before' | 'malformed'

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
  readonly refusals: Pick<Refusals, 'claim' | 'publish'>
  /** Where a topic's malformed records go. */
  readonly deadLetters: ReadonlyMap<string, { put(partition: number, message: KafkaMessage, reason: string): Promise<void> }>
  /** At this number of records that are not done, no more are taken. */
  readonly maxOpen: number
  readonly log: Logger
  readonly metrics: IntakeMetrics
}

/**
 * Turns records into steps. The steps of a batch run together, each resource's in the order of its records. A record is done, and its
 * offset may be committed, when its step is committed in Postgres, with the refusal if there is one, or when it is in the dead letters.
 */
export class Intake {
  readonly #options: IntakeOptions
  /** Of each assignment of a partition. */
  readonly #claims = new WeakMap<PartitionOffsets, Promise<Claim>>()
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
  async take(batch: RecordBatch, control: BatchControl): Promise<void> {
    const claimed = this.#claimOf(batch)
    await control.waitFor(claimed)
    if (control.isOver) return
    const claim = await claimed
    for (const message of batch.messages) {
      while (this.#open >= this.#options.maxOpen && !control.isOver) await control.waitFor(this.#room.promise)
      if (control.isOver) return
      await this.#takeRecord(batch, message, claim)
      control.taken(Number(message.offset))
    }
  }

  #claimOf({ topic, partition, messages, offsets }: RecordBatch): Promise<Claim> {
    let claim = this.#claims.get(offsets)
    if (claim === undefined) {
      const [first] = messages
      claim = this.#options.refusals.claim({ topic, partition, from: Number(first?.offset ?? 0) })
      claim.catch(() => undefined)
      this.#claims.set(offsets, claim)
    }
    return claim
  }

  /** A promise only for what has to be in the dead letters first: it rejects if Kafka does not accept it, and the record is read again. */
  #takeRecord(batch: RecordBatch, message: KafkaMessage, claim: Claim): Promise<void> | undefined {
    const { topic, partition, offsets } = batch
    const offset = Number(message.offset)
    const unreadable = unreadableBatch(message)
    const wasRefused = claim.refused.get(offset) === Number(message.timestamp)
    if (wasRefused) this.#options.metrics.recordTaken(topic, 'refused before')
    if (wasRefused || unreadable === 'rest') {
      offsets.pass(offset)
      return undefined
    }
    const step = unreadable ? unreadable.reason : this.#decode(topic, partition, message)
    const taken = { record: offsets.open(offset), batch, message, claim }
    if (typeof step === 'string') return this.#putAside(taken, step)
    void this.#run(taken, step)
    return undefined
  }

  /** The step, or why there is none. */
  #decode(topic: string, partition: number, message: KafkaMessage): Step | string {
    try {
      return this.#options.decoders.get(topic)!(message, partition)
    } catch (error) {
      if (error instanceof MalformedRecordError) return error.message
      throw error
    }
  }

  async #run(taken: Taken, step: Step): Promise<void> {
    const { log, metrics } = this.#options
    this.#open++
    try {
      const verdict = await this.#apply(taken, step)
      if (verdict === undefined) return
      taken.record.done = true
      metrics.recordTaken(taken.batch.topic, verdict)
    } catch (err) {
      log.warn({ err }, 'intake: a step was not applied; its record will be read again')
    } finally {
      this.#open--
      this.#room.resolve()
      this.#room = Promise.withResolvers()
    }
  }

  /** Undefined: another instance reads the partition now, and decides about the record. */
  async #apply(taken: Taken, step: Step): Promise<RecordVerdict | undefined> {
    const outcome = await this.#options.steps.run(step)
    const refused = refusalOf(step, outcome)
    if (refused === undefined || step.kind === 'limits') return 'applied'
    const { batch, message, claim } = taken
    const counts = await this.#options.refusals.publish({
      ...refused,
      resource: step.resource,
      commandId: step.commandId,
      reader: claim.reader,
      record: { topic: batch.topic, partition: batch.partition, offset: Number(message.offset), timestampMs: Number(message.timestamp) },
      committed: batch.offsets.committedTo ?? 0,
    })
    return counts ? 'refused' : undefined
  }

  async #putAside({ record, batch: { topic, partition }, message }: Taken, reason: string): Promise<void> {
    await this.#options.deadLetters.get(topic)!.put(partition, message, reason)
    record.done = true // not before: if it failed the record is read again
    this.#options.metrics.recordTaken(topic, 'malformed')
  }
}

/** A record, and where it came from. */
interface Taken {
  readonly record: OpenRecord
  readonly batch: RecordBatch
  readonly message: KafkaMessage
  readonly claim: Claim
}
