import type { RecordedBatch } from '../ledger/record.ts'
import type { NewPing } from '../terms/ping.ts'
import { TimestampConflictError, UnavailableError } from './errors.ts'
import type { RequestedPing } from './pings.ts'

/** One caller that waits for a ping. */
interface Waiter {
  /** The time that the caller gave, or undefined: any is right. */
  readonly timestampMs: bigint | undefined
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/**
 * The pings that one transaction records, each with the callers that wait for it: several, if they sent
 * the same id. It is filled first; once it is sealed nothing is added.
 */
export class Batch {
  /** When its first ping came, by the monotonic clock, in ms. */
  readonly since: number
  /** The number of callers that wait, or waited. */
  callers = 0
  /** True once its callers were told that it took too long. */
  expired = false
  readonly #pings = new Map<string, { ping: NewPing; waiters: Waiter[] }>()
  readonly #expiry: NodeJS.Timeout

  constructor(nowMs: number, answerWithinMs: number) {
    this.since = nowMs
    this.#expiry = setTimeout(() => this.#expire(answerWithinMs), answerWithinMs)
  }

  /** The number of different pings. */
  get size(): number {
    return this.#pings.size
  }

  /** Adds a ping; the promise settles with the batch. `clockMs` is its time if the caller gave none. */
  add({ id, timestampMs }: RequestedPing, clockMs: bigint): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const waiter = { timestampMs, resolve, reject }
    this.callers++
    const entry = this.#pings.get(id)
    if (entry) entry.waiters.push(waiter)
    else this.#pings.set(id, { ping: { id, timestampMs: timestampMs ?? clockMs }, waiters: [waiter] })
    return promise
  }

  /** The pings in the order in which the ledger wants them. */
  sorted(): readonly NewPing[] {
    return [...this.#pings.values()].map(({ ping }) => ping).sort((a, b) => (a.id < b.id ? -1 : 1))
  }

  /** Answers every caller: recorded, or recorded before with another time. Returns how many were acked. */
  settle({ known }: RecordedBatch): number {
    clearTimeout(this.#expiry)
    let acked = 0
    for (const { ping, waiters } of this.#pings.values()) {
      const recordedMs = known.get(ping.id) ?? ping.timestampMs
      for (const { timestampMs, resolve, reject } of waiters) {
        if (timestampMs !== undefined && timestampMs !== recordedMs) reject(conflict(ping.id, timestampMs, recordedMs))
        else {
          resolve()
          acked++
        }
      }
    }
    return this.expired ? 0 : acked
  }

  /** The ledger will not have it: every caller gets the error. */
  fail(error: Error): void {
    clearTimeout(this.#expiry)
    for (const { waiters } of this.#pings.values()) for (const { reject } of waiters) reject(error)
  }

  /** The callers are answered; the batch itself, once sent, goes on. */
  #expire(afterMs: number): void {
    this.expired = true
    for (const { ping, waiters } of this.#pings.values()) for (const { reject } of waiters) reject(late(ping.id, afterMs))
  }
}

function conflict(id: string, gotMs: bigint, recordedMs: bigint): TimestampConflictError {
  return new TimestampConflictError(
    `timestamp_ms: got ${gotMs}, but ping_id ${id} was recorded with ${recordedMs}; expected that or no timestamp_ms`,
  )
}

function late(id: string, afterMs: number): UnavailableError {
  return new UnavailableError(`not recorded within ${afterMs} ms: the ping may or may not be recorded; try again with ping_id ${id}`)
}
