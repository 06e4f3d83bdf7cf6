import { isAtWork } from '../ledger/backend.ts'
import { connectClient } from '../ledger/connect.ts'
import { classifyBatchFailure } from '../ledger/failures.ts'
import { readLaneCount, takesWrites } from '../ledger/lanes.ts'
import type { Client, ClientConfig } from '../ledger/pg-types.ts'
import { recordBatch, type RecordedBatch } from '../ledger/record.ts'
import type { Logger } from '../runtime/logger.ts'
import { Backoff } from '../runtime/retry.ts'
import { TimeoutError, wait, within } from '../runtime/wait.ts'
import type { Batch } from './batch.ts'
import type { LaneChoice } from './lane-choice.ts'
import type { RecorderMetrics } from './metrics.ts'

export interface SlotOptions {
  readonly postgres: ClientConfig
  readonly log: Logger
  readonly metrics: Pick<RecorderMetrics, 'batchRecorded' | 'batchRetried'>
  readonly lanes: LaneChoice
  /** Called with every batch after its callers were answered. */
  readonly onRecorded: (batch: RecordedBatch) => void
  /** After this long without an answer the slot looks whether Postgres is still at work on the batch. In ms. */
  readonly lookAfterMs?: number
}

/** As Postgres names the recorder's sessions. */
const APPLICATION_NAME = 'ping-recorder'
const LOOK_AFTER_MS = 10_000
const LOOK_WITHIN_MS = 5_000
/** An answer may have been on its way while we looked. */
const LATE_ANSWER_MS = 1_000
const READY_WITHIN_MS = 1_000

/** One connection to Postgres, one batch at a time. */
export class RecorderSlot {
  readonly #options: SlotOptions
  readonly #stopping = new AbortController()
  #connection: Promise<Connection> | undefined
  #batch: Batch | undefined
  #looking: Promise<boolean> | undefined

  constructor(options: SlotOptions) {
    this.#options = options
  }

  /** True while it has a batch. */
  get busy(): boolean {
    return this.#batch !== undefined
  }

  /** True while it has a batch whose callers wait. */
  get awaited(): boolean {
    return this.#batch?.expired === false
  }

  /** True if Postgres would take a batch now. */
  async isReady(): Promise<boolean> {
    this.#looking ??= this.#connect()
      .then(({ client }) => takesWrites(client))
      .finally(() => (this.#looking = undefined)) // one at a time: behind a batch that waits they would pile up
    return within(READY_WITHIN_MS, 'Postgres does not answer', this.#looking).catch(() => false)
  }

  /**
   * Records a batch: again and again with the same ids, until the ledger has it, or refuses it for good.
   * The outcome of a try may be unknown; the ids make a second time harmless. Never rejects.
   */
  async record(batch: Batch): Promise<void> {
    this.#batch = batch
    const pause = new Backoff(5, 1_000)
    while (!(await this.#try(batch))) {
      if (this.#stopping.signal.aborted && batch.expired) break
      await wait(pause.next(), batch.expired ? this.#stopping.signal : undefined)
    }
    this.#batch = undefined
  }

  /** Cuts the connection: an unanswered batch is not waited for. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#disconnect()
  }

  /** True if there is nothing more to try. */
  async #try(batch: Batch): Promise<boolean> {
    const { lanes: choice, metrics, onRecorded } = this.#options
    let lanes: readonly number[] = []
    try {
      const { client, laneCount } = await this.#connect()
      lanes = choice.take(laneCount)
      const startedMs = performance.now()
      const recorded = await this.#whileAtWork(client, recordBatch(client, lanes, batch.sorted()))
      const acked = batch.settle(recorded)
      metrics.batchRecorded({ acked, pings: batch.size, inserted: recorded.inserted.length, seconds: (performance.now() - startedMs) / 1000 })
      onRecorded(recorded)
      return true
    } catch (error) {
      return await this.#giveUp(error, batch)
    } finally {
      if (lanes[0] !== undefined) choice.free(lanes[0])
    }
  }

  /**
   * The batch's outcome, as long as its backend lives: one that waits for a standby or for somebody's
   * lock stays there though its client has gone, and sending again and again would use up all connections.
   */
  async #whileAtWork(client: Client, recording: Promise<RecordedBatch>): Promise<RecordedBatch> {
    const { postgres, lookAfterMs = LOOK_AFTER_MS } = this.#options
    const look = () => within(LOOK_WITHIN_MS, 'Postgres does not answer', isAtWork(postgres, client, APPLICATION_NAME)).catch(() => false)
    for (;;) {
      try {
        return await within(lookAfterMs, 'Postgres does not answer a batch', recording)
      } catch (error) {
        if (!(error instanceof TimeoutError)) throw error
      }
      if (!(await look())) return await within(LATE_ANSWER_MS, 'Postgres does not answer a batch', recording)
    }
  }

  async #giveUp(error: unknown, batch: Batch): Promise<boolean> {
    const { log, metrics } = this.#options
    metrics.batchRetried()
    switch (classifyBatchFailure(error)) {
      case 'repeat':
        log.info({ err: error }, 'recorder: sending a batch again')
        return false
      case 'reconnect':
        log.warn({ err: error }, 'recorder: a batch failed, connecting anew and sending it again')
        await this.#disconnect()
        return false
      case 'reject':
        log.error({ err: error }, 'recorder: the ledger refuses a batch')
        batch.fail(new Error('the ledger refuses the batch', { cause: error }))
        return true
    }
  }

  #connect(): Promise<Connection> {
    if (this.#connection) return this.#connection
    const opening = this.#open(() => {
      if (this.#connection === opening) this.#connection = undefined // not a later one
    })
    this.#connection = opening
    return opening
  }

  async #open(onEnd: () => void): Promise<Connection> {
    let client: Client | undefined
    try {
      client = await connectClient(this.#options.postgres, APPLICATION_NAME)
      client.on('end', onEnd)
      return { client, laneCount: await within(LOOK_WITHIN_MS, 'Postgres does not answer', readLaneCount(client)) }
    } catch (error) {
      onEnd()
      void client?.end().catch(() => undefined)
      throw error
    }
  }

  async #disconnect(): Promise<void> {
    const opening = this.#connection
    const connection = await opening?.catch(() => undefined)
    if (this.#connection === opening) this.#connection = undefined
    void connection?.client.end().catch(() => undefined)
  }
}

interface Connection {
  readonly client: Client
  readonly laneCount: number
}
