import type { RecordedBatch } from '../ledger/record.ts'
import { Backoff } from '../runtime/retry.ts'
import { wait } from '../runtime/wait.ts'
import type { RelayOptions } from './relay-options.ts'
import { RelaySession } from './relay-session.ts'

/** After a session of this duration, the pauses before new sessions start short again. */
const STABLE_AFTER_MS = 5_000

/**
 * Publishes the lanes whose relay lock this server holds, in order, and folds them into the rollup.
 * Any failure of Postgres ends the session; the next one starts with nothing in memory.
 */
export class Relay {
  readonly #options: RelayOptions
  readonly #stopping = new AbortController()
  #session: RelaySession | undefined
  #running: Promise<void> = Promise.resolve()

  constructor(options: RelayOptions) {
    this.#options = options
  }

  /** The lanes that this server publishes. */
  get lanes(): readonly number[] {
    return this.#session?.lanes ?? []
  }

  /** Number of events waiting for Kafka, never more than `MAX_QUEUED`. */
  get queued(): number {
    return this.#session?.queued ?? 0
  }

  /** Since when Kafka accepts nothing of this server, in ms of the monotonic clock. Undefined: the last send was accepted. */
  get refusedSinceMs(): number | undefined {
    return this.#session?.refusedSinceMs
  }

  start(): void {
    this.#running = this.#runSessions()
  }

  /** Publishes what is queued, if Kafka accepts it, and releases the lanes. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#session?.stop()
    await this.#running
    await this.#options.publisher.stop()
  }

  /** Takes the batch that the recorder has just committed. */
  offer(batch: RecordedBatch): void {
    this.#session?.offer(batch)
  }

  async #runSessions(): Promise<void> {
    const { log, metrics } = this.#options
    const { signal } = this.#stopping
    const pause = new Backoff(100, 1_000)
    while (!signal.aborted) {
      const openedMs = performance.now()
      try {
        this.#session = await RelaySession.open(this.#options)
        if (signal.aborted) this.#session.stop()
        await this.#session.run()
      } catch (err) {
        if (!signal.aborted) log.warn({ err }, 'relay: the session ended, starting a new one')
        if (performance.now() - openedMs > STABLE_AFTER_MS) pause.reset()
        await wait(pause.next(), signal)
      } finally {
        this.#session = undefined
        metrics.lanesHeld(0)
      }
    }
  }
}
