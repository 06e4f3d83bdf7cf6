import { classifyBatchFailure } from '../../src/postgres/batch-failure.ts'
import type { Client, ClientConfig } from '../../src/postgres/pg-types.ts'
import { whileAtWork } from '../../src/postgres/while-at-work.ts'
import type { Logger } from '../../src/runtime/logger.ts'
import { Backoff } from '../../src/runtime/retry.ts'
import { wait, within } from '../../src/runtime/wait.ts'
import { connectClient } from '../store/connect.ts'
import type { HandOver } from '../store/hand-over.ts'
import { acceptsWrites, readLaneCount } from '../store/lanes.ts'
import type { LimitDefaults } from '../store/step-columns.ts'
import { takeSteps, type TakenBatch } from '../store/take-steps.ts'
import type { StepEntry } from './step-entry.ts'
import type { StepMetrics } from './step-metrics.ts'

export interface WorkerOptions {
  readonly postgres: ClientConfig
  readonly log: Logger
  readonly metrics: StepMetrics
  readonly defaults: LimitDefaults
  /** How long after its end a lease expires, in ms. */
  readonly graceMs: number
  /** Called after each commit, with the rows that it wrote into the outbox; undefined: they have to be read. */
  readonly onApplied: (handOvers: readonly HandOver[] | undefined) => void
  /** Interval, in ms, at which the worker checks whether Postgres still works on a batch that it has not answered. */
  readonly checkAfterMs?: number
}

/** What a batch does besides its steps. */
export interface Chores {
  /** Expires leases and makes due grants in all lanes of the worker. */
  readonly isTick: boolean
  /** Resources that may have free slots. */
  readonly touched: readonly string[]
}

/** The name of the workers' sessions in Postgres. */
const APPLICATION_NAME = 'semaphore-steps'
const SET_UP_WITHIN_MS = 5_000
const READY_WITHIN_MS = 1_000
/** Maximum pause between two tries of a batch. Short, because callers wait for it after Postgres has recovered. */
const MAX_PAUSE_MS = 500
const NO_CHORES: Chores = { isTick: false, touched: [] }

/** Applies batches over one connection to Postgres, one at a time. */
export class StepWorker {
  readonly #options: WorkerOptions
  /** This worker has the lanes whose number leaves `index` when divided by `of`. */
  readonly #index: number
  readonly #of: number
  readonly #stopping = new AbortController()
  #connection: Promise<Connection> | undefined
  /** True from the first failure until a success. Only the first failure is logged as a warning. */
  #failing = false
  /** True after a failure of any kind, until a success. */
  #hasFailed = false
  #isBusy = false

  constructor(options: WorkerOptions, index: number, of: number) {
    this.#options = options
    this.#index = index
    this.#of = of
  }

  /** True if Postgres would accept a batch now. While idle, a connection that does not answer or accepts no writes is replaced. */
  async isReady(): Promise<boolean> {
    try {
      const { client } = await within(READY_WITHIN_MS, 'Postgres does not answer', this.#connect())
      const accepts = await within(READY_WITHIN_MS, 'Postgres does not answer', acceptsWrites(client)).catch(() => false)
      if (!accepts && !this.#isBusy) await this.#disconnect()
      return accepts
    } catch {
      return false
    }
  }

  /**
   * Applies a batch. Retries the same steps until Postgres has committed or refused them. The outcome of a try may be unknown; the
   * ids make a retry harmless. Ends early only when stopped and no caller waits any more. Never rejects.
   */
  async apply(entries: readonly StepEntry[], chores: Chores): Promise<void> {
    this.#isBusy = true
    const pause = new Backoff(5, MAX_PAUSE_MS)
    while (!(await this.#try(entries, chores))) {
      const isAwaited = entries.some(entry => !entry.isAnswered)
      if (this.#stopping.signal.aborted && !isAwaited) break
      await wait(pause.next(), isAwaited ? undefined : this.#stopping.signal)
    }
    this.#isBusy = false
  }

  /** Closes the connection without waiting for a batch in flight. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#disconnect()
  }

  /** Returns true if no further try is needed. */
  async #try(entries: readonly StepEntry[], chores: Chores): Promise<boolean> {
    const { metrics, onApplied } = this.#options
    try {
      const connection = await this.#connect()
      const startedMs = performance.now()
      const { outcomes, grants, handOvers } = await this.#whileAtWork(connection.client, this.#take(connection, entries, chores))
      const isFirstTry = !this.#hasFailed
      this.#failing = this.#hasFailed = false
      for (const [index, entry] of entries.entries()) if (!entry.isAnswered) entry.settle(outcomes[index]!)
      metrics.batchApplied({ steps: entries.length, grants, seconds: (performance.now() - startedMs) / 1000 })
      // A try that seemed to fail may have been committed, and what it wrote is not among the rows of this one.
      onApplied(isFirstTry ? handOvers : undefined)
      return true
    } catch (error) {
      return await this.#giveUp(error, entries, chores)
    }
  }

  #take({ client, laneCount }: Connection, entries: readonly StepEntry[], { isTick, touched }: Chores): Promise<TakenBatch> {
    const { defaults, graceMs } = this.#options
    const own = isTick ? Array.from({ length: laneCount }, (_, lane) => lane).filter(lane => lane % this.#of === this.#index) : []
    const steps = entries.map(({ step }) => step)
    return takeSteps(client, steps, { laneCount, defaults, graceMs, lanes: own, touched })
  }

  #whileAtWork<T>(client: Client, batch: Promise<T>): Promise<T> {
    const { postgres, checkAfterMs } = this.#options
    const options = { postgres, applicationName: APPLICATION_NAME, ...(checkAfterMs === undefined ? {} : { checkAfterMs }) }
    return whileAtWork(client, batch, options)
  }

  async #giveUp(error: unknown, entries: readonly StepEntry[], chores: Chores): Promise<boolean> {
    const { log, metrics } = this.#options
    metrics.batchRetried()
    this.#hasFailed = true
    switch (classifyBatchFailure(error)) {
      case 'repeat':
        log.info({ err: error }, 'semaphore: sending a batch again')
        return false
      case 'reconnect':
        log[this.#failing ? 'debug' : 'warn']({ err: error }, 'semaphore: a batch failed; reconnecting and sending it again')
        this.#failing = true
        await this.#disconnect()
        return false
      case 'reject':
        return await this.#divide(error, entries, chores)
    }
  }

  /** Steps are checked before they get here. If Postgres refuses one all the same, the others must not fail with it. */
  async #divide(error: unknown, entries: readonly StepEntry[], chores: Chores): Promise<boolean> {
    if (entries.length <= 1) {
      this.#options.log.error({ err: error }, 'semaphore: Postgres refused a step')
      for (const entry of entries) if (!entry.isAnswered) entry.fail(new Error('Postgres refused the step', { cause: error }))
      return true
    }
    const half = Math.ceil(entries.length / 2)
    await this.apply(entries.slice(0, half), chores)
    await this.apply(entries.slice(half), NO_CHORES)
    return true
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
      const laneCount = await within(SET_UP_WITHIN_MS, 'Postgres does not answer', readLaneCount(client))
      return { client, laneCount }
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
