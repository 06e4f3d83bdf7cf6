import { wait } from '../../src/runtime/wait.ts'
import { WakeUp } from '../../src/runtime/wake-up.ts'
import type { HandOver } from '../store/hand-over.ts'
import { HeldLanes } from './held-lanes.ts'
import type { Outbox } from './outbox.ts'
import type { RelayOptions } from './relay-options.ts'
import { sendOnce } from './send-once.ts'

const TAKE_LANES_EVERY_MS = 500
const SEND_AGAIN_AFTER_MS = 250
/** After a crash, the records sent in this time are sent again; readers detect that by command id and token. */
const MOVE_EVERY_MS = 100
/** Maximum sleep of loops that are woken when there is work. */
const AT_REST_MS = 60_000

/**
 * One Postgres session and the relay locks that it holds. Three loops share it and do not wait for each other: one takes free lanes and
 * looks for rows of other instances, one publishes, and one moves the published positions. If Postgres fails in any of them, all end;
 * records still on their way to Kafka can no longer move a position.
 */
export class RelaySession {
  readonly #options: RelayOptions
  readonly #outbox: Outbox
  readonly #held: HeldLanes
  readonly #stopping = new AbortController()
  readonly #work = new WakeUp()
  readonly #sent = new WakeUp()
  #isAnnouncing = false
  #isAnnounced = true
  #failed = false

  constructor(outbox: Outbox, options: RelayOptions) {
    this.#outbox = outbox
    this.#options = options
    this.#held = new HeldLanes(outbox, options)
  }

  /** This instance has committed these rows. */
  offer(handOvers: readonly HandOver[]): void {
    if (handOvers.length === 0) return
    const isHeld = handOvers.map(each => this.#held.offer(each))
    this.#work.call()
    if (isHeld.includes(false)) void this.#announce()
  }

  /** This instance has committed rows, which have to be read. */
  wake(): void {
    this.look()
    if (!this.#held.hasAll) void this.#announce()
  }

  /** There may be rows to publish. */
  look(): void {
    this.#held.missRows()
    this.#work.call()
  }

  /** Runs until it is stopped; rejects when Postgres fails. */
  async run(): Promise<void> {
    try {
      await Promise.all([this.#lookUntilStopped(), this.#publishUntilStopped(), this.#moveUntilStopped()])
      await this.#held.movePublished()
    } catch (error) {
      this.#failed = true
      throw error
    } finally {
      this.stop()
      await this.#outbox.end().catch(() => undefined)
    }
  }

  /** Lets `run` publish what is committed, if Kafka accepts it, and end. */
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
        const isFirst = takenAt < 0
        takenAt = now
        await this.#held.take()
        if (isFirst) this.wake() // rows may have been committed while there was no session
      }
      this.look()
    }
  }

  /** One at a time: rows that are committed while one is on its way may not be visible to it. */
  async #announce(): Promise<void> {
    this.#isAnnounced = false
    if (this.#isAnnouncing) return
    this.#isAnnouncing = true
    try {
      while (!this.#isAnnounced) {
        this.#isAnnounced = true
        await this.#outbox.announce()
      }
    } catch {
      // The session has ended: the loops report why, and other instances look by themselves.
    } finally {
      this.#isAnnouncing = false
    }
  }

  async #publishUntilStopped(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      await this.#held.readMissing()
      if (signal.aborted) break
      if (this.#held.isEmpty && !this.#held.lacksRows) await this.#work.sleep(AT_REST_MS)
      else await this.#publish()
    }
    if (this.#failed) return
    // A queue is read when it is empty: what it has may have to be sent before.
    for (let round = 0; round < 2; round++) {
      this.#held.missRows()
      await this.#held.readMissing()
      await this.#publish()
    }
  }

  async #publish(): Promise<void> {
    const count = await sendOnce(this.#held, this.#options)
    if (count === undefined) await wait(SEND_AGAIN_AFTER_MS, this.#stopping.signal)
    if (count) this.#sent.call()
  }

  async #moveUntilStopped(): Promise<void> {
    const { signal } = this.#stopping
    for (; !signal.aborted; await wait(MOVE_EVERY_MS, signal)) {
      if (this.#held.isMoved) await this.#sent.sleep(AT_REST_MS)
      await this.#held.movePublished()
    }
  }
}
