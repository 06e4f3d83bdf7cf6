import type { RecordedBatch } from '../../ledger/record.ts'
import type { NewPing } from '../../terms/ping.ts'
import { TimestampConflictError, UnavailableError } from '../errors.ts'
import type { RequestedPing } from './ping-recorder.ts'

/** Who waits for the outcome of one ping or of many. */
export interface Waiter {
  /** Called once for each ping, with the number that it was added with; without an error it is committed. */
  answer(index: number, error: Error | undefined): void
}

/** One ping that somebody waits for. */
interface Entry {
  readonly requested: RequestedPing
  readonly waiter: Waiter
  readonly index: number
  /** As it is recorded; the same for all entries of an id. */
  ping: NewPing
}

/** What the ledger gets of a batch. */
export interface SealedBatch {
  /** Each id once, sorted. */
  readonly pings: readonly NewPing[]
  /** The ids that callers gave: a first try finds no others in the ledger. */
  readonly given: readonly string[]
}

/**
 * The pings that one transaction records, each with who waits for it: several, if they sent the same id. It is filled first; once it
 * is sealed nothing is added.
 */
export class Batch {
  /** When its first ping came, by the monotonic clock, in ms. */
  readonly since: number
  #entries: Entry[] = []
  #sealed: SealedBatch | undefined
  #expired = false

  constructor(nowMs: number) {
    this.since = nowMs
  }

  /** The number of pings that somebody waits for, or waited for. */
  get callers(): number {
    return this.#entries.length
  }

  /** True once its callers were told that it took too long. */
  get expired(): boolean {
    return this.#expired
  }

  /** Adds a ping; `waiter` is answered with the batch. `clockMs` is its time if the caller gave none. */
  add(requested: RequestedPing, clockMs: bigint, waiter: Waiter, index = 0): void {
    const { id, timestampMs } = requested
    this.#entries.push({ requested, waiter, index, ping: { id, timestampMs: timestampMs ?? clockMs } })
  }

  /** The pings in the order in which the ledger wants them. Of an id that came several times, the time that came first. */
  seal(): SealedBatch {
    if (this.#sealed) return this.#sealed
    const sorted = isInOrder(this.#entries) ? this.#entries : this.#entries.toSorted(byId)
    const [pings, given]: [NewPing[], string[]] = [[], []]
    for (const entry of sorted) {
      const last = pings.at(-1)
      if (last?.id === entry.ping.id) entry.ping = last
      else pings.push(entry.ping)
      if (entry.requested.idGiven && given.at(-1) !== entry.ping.id) given.push(entry.ping.id)
    }
    this.#sealed = { pings, given }
    return this.#sealed
  }

  /** Answers every caller: recorded, or recorded before with another time. Returns how many were acked. */
  settle({ known }: RecordedBatch): number {
    if (this.#expired) return 0
    let acked = 0
    for (const { requested, waiter, index, ping } of this.#entries) {
      const recordedMs = known.size === 0 ? ping.timestampMs : (known.get(ping.id) ?? ping.timestampMs)
      const error =
        requested.timestampMs === undefined || requested.timestampMs === recordedMs ? undefined : conflict(requested, recordedMs)
      if (!error) acked++
      waiter.answer(index, error)
    }
    return acked
  }

  /** The ledger will not have it: every caller gets the error. */
  fail(error: Error): void {
    if (!this.#expired) for (const { waiter, index } of this.#entries) waiter.answer(index, error)
  }

  /** The callers are told that it took longer than `afterMs`; the batch itself, once sent, goes on. */
  expire(afterMs: number): void {
    this.#expired = true
    for (const { waiter, index, ping } of this.#entries) waiter.answer(index, late(ping.id, afterMs))
  }
}

function byId(a: Entry, b: Entry): number {
  return a.ping.id < b.ping.id ? -1 : Number(a.ping.id > b.ping.id)
}

function isInOrder(entries: readonly Entry[]): boolean {
  return entries.every((entry, n) => n === 0 || entries[n - 1]!.ping.id <= entry.ping.id)
}

function conflict({ id, timestampMs }: RequestedPing, recordedMs: bigint): TimestampConflictError {
  return new TimestampConflictError(
    `timestamp_ms: got ${timestampMs}, but ping_id ${id} was recorded with ${recordedMs}; expected that or no timestamp_ms`,
  )
}

function late(id: string, afterMs: number): UnavailableError {
  return new UnavailableError(`not recorded within ${afterMs} ms: the ping may or may not be recorded; try again with ping_id ${id}`)
}
