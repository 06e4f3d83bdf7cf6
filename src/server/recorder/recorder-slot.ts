import { classifyBatchFailure } from '../../ledger/batch-failure.ts'
import { connectClient } from '../../ledger/connect.ts'
import { isStillRunning } from '../../ledger/is-still-running.ts'
import { readLaneCount, takesWrites } from '../../ledger/lanes.ts'
import type { Client, ClientConfig } from '../../ledger/pg-types.ts'
import { recordBatch, type RecordedBatch } from '../../ledger/record.ts'
import type { Logger } from '../../runtime/logger.ts'
import { Backoff } from '../../runtime/retry.ts'
import { TimeoutError, wait, within } from '../../runtime/wait.ts'
import type { Batch } from './batch.ts'
import type { LaneChoice } from './lane-choice.ts'
import type { RecorderMetrics } from './recorder-metrics.ts'

export interface SlotOptions {
  readonly postgres: ClientConfig
  readonly log: Logger
  readonly metrics: Pick<RecorderMetrics, 'batchRecorded' | 'batchRetried'>
  readonly lanes: LaneChoice
  /** Called with every batch after its callers were answered. */
  readonly onRecorded: (batch: RecordedBatch) => void
  /** After this long without an answer the slot looks whether Postgres is still at work on the batch, and again after each such time. In ms. */
  readonly lookAfterMs?: number
}

/** As Postgres names the recorder's sessions. */
const APPLICATION_NAME = 'ping-recorder'
const LOOK_AFTER_MS = 2_000
const LOOK_WITHIN_MS = 5_000
/** While Postgres cannot be asked, a batch keeps its connection this long: without it there would be none. */
const KEEP_UNASKED_MS = 15_000
/** An answer may have been on its way while we looked. */
const LATE_ANSWER_MS = 1_000
const SILENT = 'Postgres does not answer a batch'
const READY_WITHIN_MS = 1_000
/** Between two tries of a batch: short, since it is what callers wait for after Postgres is back. */
const LONGEST_PAUSE_MS = 500

/** One connection to Postgres, one batch at a time. */
export class RecorderSlot {
  readonly #options: SlotOptions
  readonly #stopping = new AbortController()
  #connection: Promise<Connection> | undefined
  #batch: Batch | undefined
  #looking: Promise<boolean> | undefined
  /** True while one failure follows another: the log has the first. */
  #failing = false

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

  /** True if Postgres would take a batch now. Without a batch, a connection that is silent or takes no writes is replaced. */
  async isReady(): Promise<boolean> {
    this.#looking ??= this.#look().finally(() => (this.#looking = undefined)) // one at a time: after a batch that waits they would pile up
    return within(READY_WITHIN_MS, 'Postgres does not answer', this.#looking).catch(() => false)
  }

  async #look(): Promise<boolean> {
    const { client } = await this.#connect()
    const takes = await within(READY_WITHIN_MS, 'Postgres does not answer', takesWrites(client)).catch(() => false)
    if (!takes && !this.busy) await this.#disconnect()
    return takes
  }

  /**
   * Records a batch: again and again with the same ids, until the ledger has it, or refuses it for good.
   * The outcome of a try may be unknown; the ids make a second time harmless. Never rejects.
   */
  async record(batch: Batch): Promise<void> {
    this.#batch = batch
    const pause = new Backoff(5, LONGEST_PAUSE_MS)
    for (let tries = 1; !(await this.#try(batch, tries === 1)); tries++) {
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

  /** True if there is nothing more to try. After the first try any of the ids may be known. */
  async #try(batch: Batch, isFirst: boolean): Promise<boolean> {
    const { lanes: choice, metrics, onRecorded } = this.#options
    let lanes: readonly number[] = []
    try {
      const { client, laneCount } = await this.#connect()
      lanes = choice.take(laneCount)
      const startedMs = performance.now()
      const { pings, given } = batch.seal()
      const recorded = await this.#whileAtWork(client, recordBatch(client, lanes, pings, isFirst ? given : undefined))
      this.#failing = false
      const acked = batch.settle(recorded)
      metrics.batchRecorded({
        acked,
        pings: pings.length,
        inserted: recorded.inserted.length,
        seconds: (performance.now() - startedMs) / 1000,
      })
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
    const { lookAfterMs = LOOK_AFTER_MS } = this.#options
    const ended = recording.then(
      () => 'ended' as const,
      () => 'ended' as const,
    )
    for (let askedMs = performance.now(); ;) {
      try {
        return await within(lookAfterMs, SILENT, recording)
      } catch (error) {
        if (!(error instanceof TimeoutError)) throw error
      }
      const found = await Promise.race([ended, this.#lookAtWork(client)])
      if (found === 'at work') askedMs = performance.now()
      const isGone = found === 'not at work' || performance.now() - askedMs > KEEP_UNASKED_MS
      if (isGone) return await within(LATE_ANSWER_MS, SILENT, recording)
    }
  }

  /** Over another connection, which is also how a primary that has taken over is noticed. */
  async #lookAtWork(client: Client): Promise<'at work' | 'not at work' | 'not known'> {
    try {
      const isThere = await within(LOOK_WITHIN_MS, SILENT, isStillRunning(this.#options.postgres, client, APPLICATION_NAME))
      return isThere ? 'at work' : 'not at work'
    } catch {
      return 'not known'
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
        log[this.#failing ? 'debug' : 'warn']({ err: error }, 'recorder: a batch failed, connecting again and sending it again')
        this.#failing = true
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
      client = await connectClient(this.#options.postgres, APPLICATION_NAME, { planCacheMode: 'force_generic_plan' })
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
