import type { KafkaMessage } from 'kafkajs'
import type { OpenRecord, PartitionOffsets } from '../../src/kafka/offsets.ts'
import type { BatchControl, RecordBatch } from '../../src/kafka/record-consumer-options.ts'
import { unreadableBatch } from '../../src/kafka/unreadable-records.ts'
import type { Logger } from '../../src/runtime/logger.ts'
import { retry } from '../../src/runtime/retry.ts'
import { wait } from '../../src/runtime/wait.ts'
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
  /** Aborting it ends the tries of what is not done: those records are read again. */
  readonly signal: AbortSignal
  /** How long a claim may be disputed before the partition is read again, in ms. */
  readonly disputedForMs?: number
  readonly log: Logger
  readonly metrics: IntakeMetrics
}

const MAX_PAUSE_MS = 5_000
/** A rebalance that gave the partition to another instance is known here within this time: heartbeats are sent every second. */
const DISPUTED_FOR_MS = 3_000

/**
 * Turns records into steps. The steps of a batch run together, each resource's in the order of its records. A record is done, and its
 * offset may be committed, when its step is committed in Postgres, with the refusal if there is one, or when it is in the dead letters. That is tried until it is done or
 * the intake stops: a record that stayed open would end the commits of its partition.
 */
export class Intake {
  readonly #options: IntakeOptions
  /** Of each assignment of a partition: its claim, and the same once it is known. */
  readonly #claims = new WeakMap<PartitionOffsets, Promise<Claim>>()
  readonly #known = new WeakMap<PartitionOffsets, Claim>()
  readonly #disputed = new WeakSet<Claim>()
  /** By topic: dead letters are written one after the other. */
  readonly #lastPuts = new Map<string, Promise<void>>()
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
    const claim = this.#known.get(batch.offsets) ?? (await this.#claim(batch, control))
    if (claim === undefined) return
    for (const message of batch.messages) {
      while (this.#open >= this.#options.maxOpen && !control.isOver) await control.waitFor(this.#room.promise)
      if (control.isOver) return
      this.#takeRecord({ batch, message, claim, control })
      control.taken(Number(message.offset))
    }
  }

  /** Undefined: the partition is not read here any more. */
  async #claim(batch: RecordBatch, control: BatchControl): Promise<Claim | undefined> {
    const claimed = this.#claimOf(batch)
    await control.waitFor(claimed)
    if (control.isOver) return undefined
    const claim = await claimed
    this.#known.set(batch.offsets, claim)
    return claim
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

  #takeRecord(source: Source): void {
    const { batch, message, claim } = source
    const { topic, partition, offsets } = batch
    const offset = Number(message.offset)
    const unreadable = unreadableBatch(message)
    const wasRefused = claim.refused.get(offset) === Number(message.timestamp)
    if (wasRefused) this.#options.metrics.recordTaken(topic, 'refused before')
    if (wasRefused || unreadable === 'rest') return offsets.pass(offset)
    const step = unreadable ? unreadable.reason : this.#decode(topic, partition, message)
    void this.#finish(offsets.open(offset), source, step)
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

  /** @param step or why there is none */
  async #finish(record: OpenRecord, source: Source, step: Step | string): Promise<void> {
    const { log, metrics } = this.#options
    this.#open++
    try {
      const verdict = typeof step === 'string' ? await this.#putAside(source, step) : await this.#apply(source, step)
      if (verdict === undefined) return
      record.done = true
      metrics.recordTaken(source.batch.topic, verdict)
    } catch (err) {
      log.debug({ err }, 'intake: stopped before a record was done; it will be read again')
    } finally {
      this.#open--
      this.#room.resolve()
      this.#room = Promise.withResolvers()
    }
  }

  /** Undefined: another instance reads the partition now, and decides about the record. */
  async #apply(source: Source, step: Step): Promise<RecordVerdict | undefined> {
    const { steps, refusals, signal } = this.#options
    let outcome: Outcome
    try {
      outcome = await steps.run(step)
    } catch (error) {
      if (signal.aborted) throw error
      return this.#putAside(source, `the step cannot be applied: ${reasonOf(error)}`)
    }
    const refused = refusalOf(step, outcome)
    if (refused === undefined || step.kind === 'limits') return 'applied'
    const { batch, message, claim } = source
    const counts = await refusals.publish({
      ...refused,
      resource: step.resource,
      commandId: step.commandId,
      reader: claim.reader,
      record: { topic: batch.topic, partition: batch.partition, offset: Number(message.offset), timestampMs: Number(message.timestamp) },
      committed: batch.offsets.committedTo ?? 0,
    })
    if (counts) return 'refused'
    void this.#dispute(source)
    return undefined
  }

  /** A claim that was late, of an instance that had lost the partition, may have replaced the right one. */
  async #dispute({ batch: { topic, partition }, claim, control }: Source): Promise<void> {
    const { signal, disputedForMs = DISPUTED_FOR_MS } = this.#options
    if (this.#disputed.has(claim)) return
    this.#disputed.add(claim)
    await wait(disputedForMs, signal)
    if (!signal.aborted)
      control.startAgain(
        new Error(`partition ${partition} of ${topic}: got a claim of another instance, expected none while it is assigned here`),
      )
  }

  async #putAside({ batch: { topic, partition }, message }: Source, reason: string): Promise<RecordVerdict> {
    const { deadLetters, log, signal } = this.#options
    const put = () => deadLetters.get(topic)!.put(partition, message, reason)
    const last = this.#lastPuts.get(topic) ?? Promise.resolve()
    const done = last.then(() => retry(put, { what: 'write a dead letter', log, signal, maxPauseMs: MAX_PAUSE_MS }))
    this.#lastPuts.set(
      topic,
      done.catch(() => undefined),
    )
    await done
    return 'malformed'
  }
}

/** A record, and where it came from. */
interface Source {
  readonly batch: RecordBatch
  readonly message: KafkaMessage
  readonly claim: Claim
  readonly control: BatchControl
}

/** The message of an error and of its cause, which is that of Postgres. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message
}
