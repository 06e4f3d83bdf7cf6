import type { RecordedBatch } from '../../ledger/record.ts'
import type { NewPing } from '../../terms/ping.ts'
import { UnavailableError } from '../../transport/errors.ts'
import type { TracedPing } from './batch-trace.ts'
import type { RequestedPing } from './ping-recorder.ts'
import { TimestampConflictError } from './timestamp-conflict-error.ts'

const NONE_TRACED: readonly TracedPing[] = []

/** Receives the outcome of one ping or of many. */
export interface Waiter {
  /** Called once for each ping, with the index that it was added with. Without an error, the ping is committed. */
  answer(index: number, error: Error | undefined): void
}

/** One ping and the waiter for its outcome. */
interface Entry {
  readonly requested: RequestedPing
  readonly waiter: Waiter
  readonly index: number
  /** The ping as it is recorded. All entries of an id share it. */
  ping: NewPing
}

/** A batch in the form that the ledger takes. */
export interface SealedBatch {
  /** Each id once, sorted. */
  readonly pings: readonly NewPing[]
  /** The ids that callers gave. A first try can find no other ids in the ledger. */
  readonly given: readonly string[]
}

/**
 * The pings that one transaction records, each with its waiters: several if several callers sent the same id. The batch is filled
 * first. Once it is sealed, nothing is added.
 */
export class Batch {
  /** When its first ping arrived, by the monotonic clock, in ms. */
  readonly since: number
  #entries: Entry[] = []
  /** Those that came with a traced call. */
  #traced: Entry[] | undefined
  #sealed: SealedBatch | undefined
  #expired = false

  constructor(nowMs: number) {
    this.since = nowMs
  }

  /** The number of pings added, duplicates included. */
  get callers(): number {
    return this.#entries.length
  }

  /** True once its callers got the error that it took too long. */
  get expired(): boolean {
    return this.#expired
  }

  /** Adds a ping; `waiter` gets its outcome with that of the batch. `clockMs` is the ping's time if the caller gave none. */
  add(requested: RequestedPing, clockMs: bigint, waiter: Waiter, index = 0): void {
    const { id, timestampMs, span } = requested
    const entry = { requested, waiter, index, ping: { id, timestampMs: timestampMs ?? clockMs } }
    this.#entries.push(entry)
    if (span !== undefined) (this.#traced ??= []).push(entry)
  }

  /** The pings that came with a traced call; empty if there are none. */
  get traced(): readonly TracedPing[] {
    return this.#traced?.map(({ requested, ping }) => ({ ping, span: requested.span! })) ?? NONE_TRACED
  }

  /** The pings, sorted by id as the ledger needs them. Of an id that was added several times, the first time counts. */
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

  /** Answers every caller: the ping is recorded, or it was already recorded with another time. Returns how many were acked. */
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

  /** The ledger rejects the batch: every caller gets the error. */
  fail(error: Error): void {
    if (!this.#expired) for (const { waiter, index } of this.#entries) waiter.answer(index, error)
  }

  /** Every caller gets the error that recording took longer than `afterMs`. A batch that was sent continues. */
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
