import { initProducerId } from '../../../broker/wire/tables/init-producer-id.ts'
import { produce } from '../../../broker/wire/tables/produce.ts'
import type { Random } from '../../support/random.ts'
import { batch } from '../conformance/batches.ts'
import { drawSizes, numberedValue } from './numbered-values.ts'
import { throughCrashes, type PatientConnection } from './patient-connection.ts'
import { nameOf, type Partition, type Place, type Worker } from './place.ts'

export interface RawProducerOptions {
  readonly name: string
  readonly place: Place
  readonly random: Random
  readonly partitions: readonly Partition[]
  /** It has an id, and repeats unacknowledged batches with the same sequence. */
  readonly isIdempotent: boolean
  /** The maximum number of requests in flight. */
  readonly inFlight: number
}

/** A batch as it is sent, possibly several times. */
interface Part extends Partition {
  readonly firstNumber: number
  readonly count: number
  readonly bytes: Buffer
}

/** Records that the broker has acknowledged, with the offset that it returned. */
export interface Acknowledged extends Partition {
  readonly firstNumber: number
  readonly count: number
  readonly baseOffset: bigint
}

interface Identity {
  readonly producerId: bigint
  readonly producerEpoch: number
}

const VERSION = 7
const INIT_VERSION = 1
const ALL_REPLICAS = -1
const TIMEOUT_MS = 10_000
const MAX_PARTS = 3
/** One time in this many, when no request is in flight, an idempotent producer starts again with a new id. */
const RENEW_EVERY = 200

/** Produces to several partitions at a time. After a crash it sends all unacknowledged batches again, in the same order. */
export class RawProducer implements Worker {
  readonly name: string
  readonly violations: string[] = []
  readonly acknowledged: Acknowledged[] = []
  /** All producer ids that it got. */
  readonly producerIds: bigint[] = []
  acks = 0
  readonly #options: RawProducerOptions
  #identity: Identity | undefined
  /** Of the next record, by partition. */
  readonly #numbers = new Map<string, number>()
  readonly #sequences = new Map<string, number>()
  readonly #unacknowledged: (readonly Part[])[] = []

  constructor(options: RawProducerOptions) {
    this.#options = options
    this.name = options.name
  }

  /** How many of its records a partition must have in the end. */
  sent(partition: Partition): number {
    return this.#numbers.get(nameOf(partition)) ?? 0
  }

  async run(): Promise<void> {
    await throughCrashes(this.#options.place.broker, connection => this.#work(connection))
  }

  async #work(connection: PatientConnection): Promise<void> {
    const { place, inFlight, random } = this.#options
    for (const parts of this.#unacknowledged) this.#send(connection, parts)
    for (;;) {
      const isIdle = this.#unacknowledged.length === 0
      if (isIdle && place.ending.aborted) return
      if (isIdle && (this.#identity === undefined || random.between(0, RENEW_EVERY) === 0)) await this.#begin(connection)
      while (this.#unacknowledged.length < inFlight && !place.ending.aborted) {
        const parts = this.#draw()
        this.#unacknowledged.push(parts)
        this.#send(connection, parts)
      }
      if (this.#unacknowledged.length > 0) await this.#acknowledge(connection)
    }
  }

  async #begin(connection: PatientConnection): Promise<void> {
    if (!this.#options.isIdempotent) return
    const { errorCode, ...identity } = await connection.ask(initProducerId, INIT_VERSION, {
      transactionalId: null,
      transactionTimeoutMs: 0,
    })
    if (errorCode !== 0) throw new Error(`${this.name}: InitProducerId returned error ${errorCode}`)
    this.#identity = { producerId: identity.producerId, producerEpoch: identity.producerEpoch }
    this.producerIds.push(identity.producerId)
    this.#sequences.clear()
  }

  /** One batch for each of some random partitions. */
  #draw(): Part[] {
    const { random, partitions } = this.#options
    return random
      .shuffled(partitions)
      .slice(0, random.between(1, MAX_PARTS + 1))
      .map(partition => this.#drawPart(partition))
  }

  #drawPart(partition: Partition): Part {
    const key = nameOf(partition)
    const firstNumber = this.sent(partition)
    const baseSequence = this.#sequences.get(key) ?? 0
    const records = drawSizes(this.#options.random).map((bytes, index) => ({ value: numberedValue(this.name, firstNumber + index, bytes) }))
    this.#numbers.set(key, firstNumber + records.length)
    this.#sequences.set(key, baseSequence + records.length)
    const bytes = batch({ records, ...(this.#identity && { ...this.#identity, baseSequence }) })
    return { ...partition, firstNumber, count: records.length, bytes }
  }

  #send(connection: PatientConnection, parts: readonly Part[]): void {
    const topicData = parts.map(({ topic, partition, bytes }) => ({ name: topic, partitionData: [{ index: partition, records: [bytes] }] }))
    connection.send(produce, VERSION, { transactionalId: null, acks: ALL_REPLICAS, timeoutMs: TIMEOUT_MS, topicData })
  }

  async #acknowledge(connection: PatientConnection): Promise<void> {
    const { responses } = await connection.next(produce, VERSION)
    const parts = this.#unacknowledged.shift() ?? []
    for (const [place, { bytes: _, ...part }] of parts.entries()) {
      const answer = responses[place]?.partitionResponses[0]
      if (answer?.errorCode === 0) this.acknowledged.push({ ...part, baseOffset: answer.baseOffset })
      else this.violations.push(`${this.name}: ${nameOf(part)} from record ${part.firstNumber} returned error ${answer?.errorCode}`)
    }
    this.acks++
  }
}
