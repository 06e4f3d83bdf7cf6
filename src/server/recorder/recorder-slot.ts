import { connectClient } from '../../ledger/connect.ts'
import { readLaneCount, acceptsWrites } from '../../ledger/lanes.ts'
import { recordBatch, type RecordedBatch } from '../../ledger/record.ts'
import { classifyBatchFailure } from '../../postgres/batch-failure.ts'
import type { Client, ClientConfig } from '../../postgres/pg-types.ts'
import { whileAtWork } from '../../postgres/while-at-work.ts'
import type { Logger } from '../../runtime/logger.ts'
import { Backoff } from '../../runtime/retry.ts'
import { wait, within } from '../../runtime/wait.ts'
import { BatchTrace } from './batch-trace.ts'
import type { Batch } from './batch.ts'
import type { LaneChoice } from './lane-choice.ts'
import type { RecorderMetrics } from './recorder-metrics.ts'

export interface SlotOptions {
  readonly postgres: ClientConfig
  readonly log: Logger
  readonly metrics: Pick<RecorderMetrics, 'batchRecorded' | 'batchRetried'>
  readonly lanes: LaneChoice
  /** Called with every batch after its callers have their answers. */
  readonly onRecorded: (batch: RecordedBatch) => void
  /** Interval, in ms, at which the slot checks whether Postgres still works on a batch that it has not answered. */
  readonly checkAfterMs?: number
}

/** The name of the recorder's sessions in Postgres. */
const APPLICATION_NAME = 'ping-recorder'
const READ_LANES_WITHIN_MS = 5_000
const READY_WITHIN_MS = 1_000
/** Maximum pause between two tries of a batch. Short, because callers wait for it after Postgres has recovered. */
const MAX_PAUSE_MS = 500

/** Records batches over one connection to Postgres, one at a time. */
export class RecorderSlot {
  readonly #options: SlotOptions
  readonly #stopping = new AbortController()
  #connection: Promise<Connection> | undefined
  #batch: Batch | undefined
  #checking: Promise<boolean> | undefined
  /** True from the first failure until a success. Only the first failure is logged as a warning. */
  #failing = false

  constructor(options: SlotOptions) {
    this.#options = options
  }

  /** True while it records a batch. */
  get busy(): boolean {
    return this.#batch !== undefined
  }

  /** True while it records a batch whose callers still wait. */
  get awaited(): boolean {
    return this.#batch?.expired === false
  }

  /** True if Postgres would accept a batch now. While idle, a connection that does not answer or accepts no writes is replaced. */
  async isReady(): Promise<boolean> {
    this.#checking ??= this.#check().finally(() => (this.#checking = undefined)) // one at a time: while a batch blocks the connection they would pile up
    return within(READY_WITHIN_MS, 'Postgres does not answer', this.#checking).catch(() => false)
  }

  async #check(): Promise<boolean> {
    const { client } = await this.#connect()
    const takes = await within(READY_WITHIN_MS, 'Postgres does not answer', acceptsWrites(client)).catch(() => false)
    if (!takes && !this.busy) await this.#disconnect()
    return takes
  }

  /**
   * Records a batch. Retries with the same ids until the ledger has it or rejects it permanently. The outcome of a try may be
   * unknown; the ids make a retry harmless. Never rejects.
   */
  async record(batch: Batch): Promise<void> {
    this.#batch = batch
    const { traced } = batch
    const trace = traced.length === 0 ? undefined : new BatchTrace(traced, batch.callers)
    const pause = new Backoff(5, MAX_PAUSE_MS)
    for (let tries = 1; !(await this.#try(batch, tries, trace)); tries++) {
      if (this.#stopping.signal.aborted && batch.expired) {
        trace?.failed('the server stopped before the batch was recorded', tries)
        break
      }
      await wait(pause.next(), batch.expired ? this.#stopping.signal : undefined)
    }
    this.#batch = undefined
  }

  /** Closes the connection without waiting for a batch in flight. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#disconnect()
  }

  /** Returns true if no further try is needed. After the first try, any of the ids may already be recorded. */
  async #try(batch: Batch, tries: number, trace: BatchTrace | undefined): Promise<boolean> {
    const { lanes: choice, metrics, onRecorded } = this.#options
    let lanes: readonly number[] = []
    try {
      const { client, laneCount } = await this.#connect()
      lanes = choice.take(laneCount)
      const startedMs = performance.now()
      const { pings, given } = batch.seal()
      const recorded = await this.#whileAtWork(client, recordBatch(client, lanes, pings, tries === 1 ? given : undefined))
      this.#failing = false
      const acked = batch.settle(recorded)
      metrics.batchRecorded({
        acked,
        pings: pings.length,
        inserted: recorded.inserted.length,
        seconds: (performance.now() - startedMs) / 1000,
      })
      onRecorded(trace === undefined ? recorded : trace.recorded(recorded, batch.traced, tries))
      return true
    } catch (error) {
      return await this.#giveUp(error, batch, tries, trace)
    } finally {
      if (lanes[0] !== undefined) choice.free(lanes[0])
    }
  }

  #whileAtWork(client: Client, recording: Promise<RecordedBatch>): Promise<RecordedBatch> {
    const { postgres, checkAfterMs } = this.#options
    const options = { postgres, applicationName: APPLICATION_NAME, ...(checkAfterMs === undefined ? {} : { checkAfterMs }) }
    return whileAtWork(client, recording, options)
  }

  async #giveUp(error: unknown, batch: Batch, tries: number, trace: BatchTrace | undefined): Promise<boolean> {
    const { log, metrics } = this.#options
    metrics.batchRetried()
    switch (classifyBatchFailure(error)) {
      case 'repeat':
        log.info({ err: error, ...trace?.fields }, 'recorder: sending a batch again')
        return false
      case 'reconnect':
        log[this.#failing ? 'debug' : 'warn'](
          { err: error, ...trace?.fields },
          'recorder: a batch failed; reconnecting and sending it again',
        )
        this.#failing = true
        await this.#disconnect()
        return false
      case 'reject':
        log.error({ err: error, ...trace?.fields }, 'recorder: the ledger rejected a batch')
        trace?.failed(error, tries)
        batch.fail(new Error('the ledger rejected the batch', { cause: error }))
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
      return { client, laneCount: await within(READ_LANES_WITHIN_MS, 'Postgres does not answer', readLaneCount(client)) }
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
