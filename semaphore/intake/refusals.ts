import { randomUUID } from 'node:crypto'
import type { Logger } from '../../src/runtime/logger.ts'
import { retry } from '../../src/runtime/retry.ts'
import type { Refusal } from '../store/refusals.ts'

export interface RefusalsOptions {
  /** Makes the reader, a UUID, the one of the partition; returns the refused records from `from` on, their timestamps by offset. */
  readonly claim: (reader: string, partition: PartitionFrom) => Promise<ReadonlyMap<number, number>>
  /** Publishes refusals; returns for each whether it counts. */
  readonly publish: (refusals: readonly Refusal[]) => Promise<readonly boolean[]>
  readonly log: Logger
  /** Aborting it rejects what is not published. */
  readonly signal: AbortSignal
}

export interface PartitionFrom {
  readonly topic: string
  readonly partition: number
  /** The offset of the first record that is read. */
  readonly from: number
}

/** A partition as it was assigned. */
export interface Claim {
  readonly reader: string
  /** The records that were refused before: their timestamps by offset. */
  readonly refused: ReadonlyMap<number, number>
}

interface Waiting {
  readonly refusal: Refusal
  readonly settle: PromiseWithResolvers<boolean>
}

const MAX_BATCH = 500
const MAX_PAUSE_MS = 1_000

/**
 * Publishes why records changed nothing, each once, however often it is read: a refusal is stored with its record, and only the reader
 * that claimed the partition last can store one. Those that come while others are being stored are stored together.
 */
export class Refusals {
  readonly #options: RefusalsOptions
  #waiting: Waiting[] = []
  #isBusy = false

  constructor(options: RefusalsOptions) {
    this.#options = options
  }

  /** Call it before the first record of a partition that was assigned. Waits for Postgres as long as it takes. */
  async claim(partition: PartitionFrom): Promise<Claim> {
    const reader = randomUUID()
    const refused = await this.#retry('claim a partition', () => this.#options.claim(reader, partition))
    return { reader, refused }
  }

  /** Resolves after the commit: false if another reader has claimed the partition. */
  publish(refusal: Refusal): Promise<boolean> {
    const settle = Promise.withResolvers<boolean>()
    this.#waiting.push({ refusal, settle })
    if (!this.#isBusy) void this.#publishWaiting()
    return settle.promise
  }

  async #publishWaiting(): Promise<void> {
    this.#isBusy = true
    await Promise.resolve() // those of the same turn go together
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, MAX_BATCH)
      try {
        const refusals = batch.map(({ refusal }) => refusal)
        const counts = await this.#retry('publish refusals', () => this.#options.publish(refusals))
        for (const [index, { settle }] of batch.entries()) settle.resolve(counts[index]!)
      } catch (error) {
        for (const { settle } of batch) settle.reject(error)
      }
    }
    this.#isBusy = false
  }

  #retry<T>(what: string, attempt: () => Promise<T>): Promise<T> {
    const { log, signal } = this.#options
    return retry(attempt, { what, log, signal, maxPauseMs: MAX_PAUSE_MS })
  }
}
