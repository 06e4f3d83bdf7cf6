import { connectClient } from '../ledger/connect.ts'
import type { RecordedBatch } from '../ledger/record.ts'
import { endSessionWhenIdle } from '../ledger/relay-locks.ts'
import type { Client } from '../postgres/pg-types.ts'
import { wait } from '../runtime/wait.ts'
import { WakeUp } from '../runtime/wake-up.ts'
import { HeldLanes } from './held-lanes.ts'
import { PublishedPositions } from './published-positions.ts'
import type { RelayOptions } from './relay-options.ts'
import { Rollup } from './rollup.ts'
import { sendOnce } from './send-once.ts'

const TAKE_LANES_EVERY_MS = 1_000
/** Without a statement for this long, as when its server is frozen, the session ends and its lanes are free. */
const SESSION_IDLE_MS = 5_000
const SEND_AGAIN_AFTER_MS = 500
/** A send costs as much CPU as 400 events in it (measured). After a send of fewer events than this, the next waits longer. */
const SMALL_SEND = 500
const LINGERS_AFTER_SMALL = 3
const FOLD_EVERY_MS = 500
/** A move costs Postgres 1 ms for 16 lanes. After a crash, the events sent in this time are sent again; readers detect that by lane and seq. */
const MOVE_EVERY_MS = 200
/** Maximum sleep of loops that are woken when there is work. */
const AT_REST_MS = 60_000
/** A host that vanishes silently would block the session until TCP gives up. */
const QUERY_TIMEOUT_MS = 30_000

/**
 * One Postgres session and the relay locks that it holds. Four loops share it and do not wait for each other: one checks for
 * free lanes and new heads, one publishes, one moves the published positions, and one folds, whether or not Kafka answers. If Postgres
 * fails in any of them, all end; events still on their way to Kafka can no longer move a position.
 */
export class RelaySession {
  readonly #options: RelayOptions
  readonly #client: Client
  readonly #held: HeldLanes
  readonly #published: PublishedPositions
  readonly #rollup: Rollup
  readonly #stopping = new AbortController()
  readonly #work = new WakeUp()
  readonly #sent = new WakeUp()
  #failed = false
  #refusedSinceMs: number | undefined

  private constructor(options: RelayOptions, client: Client) {
    const { log, metrics } = options
    this.#options = options
    this.#client = client
    this.#held = new HeldLanes(client, { log, metrics, onWork: () => this.#work.call() })
    this.#published = new PublishedPositions(client, this.#held, options)
    this.#rollup = new Rollup(client, this.#held, log)
  }

  static async open(options: RelayOptions): Promise<RelaySession> {
    const client = await connectClient(options.postgres, 'ping-relay', { queryTimeoutMs: QUERY_TIMEOUT_MS })
    try {
      await endSessionWhenIdle(client, SESSION_IDLE_MS)
      return new RelaySession(options, client)
    } catch (error) {
      await client.end().catch(() => undefined)
      throw error
    }
  }

  /** The lanes that this session publishes. */
  get lanes(): readonly number[] {
    return this.#held.lanes
  }

  /** Number of events waiting for Kafka. */
  get queued(): number {
    return this.#held.queued
  }

  /** Since when Kafka accepts nothing, in ms of the monotonic clock. Undefined: the last send was accepted. */
  get refusedSinceMs(): number | undefined {
    return this.#refusedSinceMs
  }

  /** Takes the batch that the recorder has just committed. */
  offer(batch: RecordedBatch): void {
    this.#held.offer(batch)
  }

  /** Runs until it is stopped; rejects when Postgres fails. */
  async run(): Promise<void> {
    const loops = [this.#lookUntilStopped(), this.#publishUntilStopped(), this.#moveUntilStopped(), this.#foldUntilStopped()]
    try {
      await Promise.all(loops)
      await this.#published.move()
    } catch (error) {
      this.#failed = true
      throw error
    } finally {
      this.stop()
      await this.#client.end().catch(() => undefined)
    }
  }

  /** Lets `run` publish what is queued, if Kafka accepts it, and end. */
  stop(): void {
    this.#stopping.abort()
    this.#work.call()
    this.#sent.call()
  }

  async #lookUntilStopped(): Promise<void> {
    const { signal } = this.#stopping
    for (let takenAt = -Infinity; !signal.aborted; await wait(this.#options.pollMs, signal)) {
      const now = performance.now()
      if (now - takenAt >= TAKE_LANES_EVERY_MS) {
        takenAt = now
        await this.#held.take()
      }
      await this.#held.look()
    }
  }

  async #publishUntilStopped(): Promise<void> {
    const { pollMs, lingerMs } = this.#options
    const { signal } = this.#stopping
    while (!signal.aborted) {
      const now = performance.now()
      await this.#held.readMissing()
      const pauseMs = lingerMs * ((await this.#publish()) < SMALL_SEND ? LINGERS_AFTER_SMALL : 1)
      await wait(pauseMs - (performance.now() - now), signal)
      if (this.#held.queued === 0 && !signal.aborted) await this.#work.sleep(this.#held.lacksRows ? pollMs : AT_REST_MS)
    }
    if (!this.#failed) await this.#publish()
  }

  /** The number of events that Kafka accepted. */
  async #publish(): Promise<number> {
    const count = await sendOnce(this.#held.queues, this.#options)
    this.#refusedSinceMs = count === undefined ? (this.#refusedSinceMs ?? performance.now()) : undefined
    if (count === undefined) await wait(SEND_AGAIN_AFTER_MS, this.#stopping.signal)
    if (count) this.#sent.call()
    return count ?? 0
  }

  async #moveUntilStopped(): Promise<void> {
    const { signal } = this.#stopping
    for (; !signal.aborted; await wait(MOVE_EVERY_MS, signal)) {
      if (this.#published.isDone) await this.#sent.sleep(AT_REST_MS)
      await this.#published.move()
    }
  }

  async #foldUntilStopped(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      const more = await this.#rollup.fold()
      if (!more) await wait(FOLD_EVERY_MS, signal)
    }
  }
}
