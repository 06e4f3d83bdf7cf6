import { MAX_MINUTES_PER_FLUSH, type LaneFlush } from '../src/counters/flush.ts'
import type { CountedEvent } from '../src/events/event-reader.ts'
import { minuteOf } from '../src/terms/minute.ts'
import { samePosition, type Position } from '../src/terms/position.ts'
import type { OpenRecord } from './offsets.ts'

/** A ping on its way into the cache. */
export interface Entry extends Position {
  readonly minute: number
}

interface AcceptedEntry extends Entry {
  /** The records that are done when the entry is applied: its own, and those of its duplicates. */
  readonly records: OpenRecord[]
}

/** An event as it was received, with the record that it came in. */
export interface Received {
  readonly event: CountedEvent
  readonly record: OpenRecord
}

/** What a tick saw: when the cache's clock said `timeMs`, the lane's head was this, or came later. */
export interface TickMark {
  readonly timeMs: number
  readonly head: Position
}

/** More marks are not kept: a lane that lags so long gets its `asof` from later ones. */
const MAX_MARKS = 120

/**
 * One lane in the processor: the position that the cache has applied, and the events accepted after it,
 * one unbroken history. Pure: no clock, no store.
 *
 * At most one flush or catch-up is under way. A flush owns what it took: what is accepted meanwhile
 * waits behind it. During a catch-up nothing is accepted: events wait until it has ended.
 */
export class LaneBuffer {
  readonly lane: number
  /** As the cache has it; undefined until it was asked. */
  applied: Position | undefined
  /** True if the lane cannot go on from its events. */
  needsCatchUp = false
  /** True while a flush or a catch-up is under way. */
  busy = false
  /** The head at the tick before. */
  previousHead: Position | undefined
  /** Changes with `applied`: what was read of the cache before is then out of date. */
  revision = 0
  #entries: AcceptedEntry[] = []
  #inFlight: AcceptedEntry[] = []
  /** Not accepted, or dropped: done when the catch-up that they caused has ended. */
  #untilCaughtUp: OpenRecord[] = []
  #duringCatchUp: Received[] = []
  #marks: TickMark[] = []
  /** Records of accepted entries beyond each one's first. */
  #twins = 0

  constructor(lane: number) {
    this.lane = lane
  }

  /** Records that are not done. */
  get size(): number {
    return this.#entries.length + this.#inFlight.length + this.#twins + this.#untilCaughtUp.length + this.#duringCatchUp.length
  }

  /** Events accepted and not yet in a flush. */
  get pending(): number {
    return this.#entries.length
  }

  /** The position behind everything accepted. */
  get end(): Position | undefined {
    return this.#entries.at(-1) ?? this.#inFlight.at(-1) ?? this.applied
  }

  /**
   * Takes an event if it is the next of the history: seq one higher, and linked by the tag before it.
   * A seq that is in already is a duplicate; anything else is not counted, the lane is caught up. While
   * that is under way events wait, and ask for no further catch-up: it would go on and on under load.
   */
  accept(received: Received): 'accepted' | 'duplicate' | 'waiting' | 'refused' {
    const { event, record } = received
    if (this.busy && this.needsCatchUp) {
      this.#duringCatchUp.push(received)
      return 'waiting'
    }
    const { applied, end } = this
    if (applied && event.seq <= applied.seq) {
      record.done = true
      return 'duplicate'
    }
    if (!this.needsCatchUp && end && event.seq <= end.seq) {
      this.#twinOf(event.seq).records.push(record)
      this.#twins++
      return 'duplicate'
    }
    if (!this.needsCatchUp && end && event.seq === end.seq + 1n && event.previousTag === end.tag) {
      this.#entries.push({ seq: event.seq, tag: event.tag, minute: minuteOf(event.timestampMs), records: [record] })
      return 'accepted'
    }
    this.needsCatchUp = true
    this.#untilCaughtUp.push(record)
    return 'refused'
  }

  /** Sees what the cache and Postgres had at a tick. */
  mark(mark: TickMark): void {
    this.#marks.push(mark)
    if (this.#marks.length > MAX_MARKS) this.#marks.shift()
    this.previousHead = mark.head
  }

  /** Takes the next flush, if there is something to flush. Give its outcome back: `flushed`, `unanswered` or `movedTo`. */
  take(): LaneFlush | undefined {
    if (this.busy || this.needsCatchUp || !this.applied || this.#entries.length === 0) return undefined
    this.#inFlight = this.#entries.splice(0, countWithin(this.#entries))
    this.busy = true
    return this.planFlush(this.applied, this.#inFlight)
  }

  /** As `take`, if there is nothing to flush but an `asof` to move. */
  takeAsof(): LaneFlush | undefined {
    if (this.busy || this.needsCatchUp || !this.applied || this.#entries.length > 0) return undefined
    const flush = this.planFlush(this.applied, [])
    if (flush.asofMs === undefined) return undefined
    this.busy = true
    return flush
  }

  /** What takes the cache from `start` over `entries`, with the newest `asof` that this proves. */
  planFlush(start: Position, entries: readonly Entry[]): LaneFlush {
    const minutes = new Map<number, number>()
    for (const { minute } of entries) minutes.set(minute, (minutes.get(minute) ?? 0) + 1)
    return { lane: this.lane, start, end: entries.at(-1) ?? start, minutes, asofMs: this.#provenAsof(start, entries) }
  }

  /** The flush is in the cache. */
  flushed(flush: LaneFlush): void {
    this.#moveTo(flush.end)
    this.#finish(this.#inFlight)
    this.#inFlight = []
    this.forgetMarks(flush)
    this.busy = false
  }

  /** The flush may or may not be in the cache; the next try will tell. */
  unanswered(): void {
    this.#entries = [...this.#inFlight, ...this.#entries]
    this.#inFlight = []
    this.busy = false
  }

  /** The cache is elsewhere: keep what follows on from there, or else catch up. */
  movedTo(position: Position): void {
    this.unanswered()
    const index = this.#entries.findIndex(entry => samePosition(entry, position))
    if (index < 0 && !(this.applied && samePosition(this.applied, position))) return this.drop()
    this.#finish(this.#entries.splice(0, index + 1))
    this.#moveTo(position)
  }

  /** Drops everything accepted; the lane has to be caught up. Not while a flush is under way. */
  drop(): void {
    for (const entry of this.#entries) this.#untilCaughtUp.push(...entry.records)
    this.#entries = []
    this.#twins = 0
    this.#moveTo(undefined)
    this.needsCatchUp = true
  }

  /** Begins a catch-up. False if a flush or another catch-up is under way. */
  beginCatchUp(): boolean {
    if (this.busy) return false
    this.drop()
    this.busy = true
    return true
  }

  /** The catch-up has brought the cache to `reached`; undefined: it failed, and has to be done again. */
  endCatchUp(reached: Position | undefined): void {
    this.busy = false
    if (reached) {
      this.needsCatchUp = false
      for (const record of this.#untilCaughtUp) record.done = true
      this.#untilCaughtUp = []
      this.#moveTo(reached)
    }
    const waiting = this.#duringCatchUp
    this.#duringCatchUp = []
    for (const received of waiting) this.accept(received)
  }

  /** Takes over what the cache has, unless the lane has something of its own. */
  adopt(applied: Position): void {
    if (!this.busy && !this.needsCatchUp && this.#entries.length === 0) this.applied = applied
  }

  /** The flush's `asof` is written: older marks say nothing more. */
  forgetMarks({ asofMs }: LaneFlush): void {
    if (asofMs !== undefined) this.#marks = this.#marks.filter(({ timeMs }) => timeMs > asofMs)
  }

  #finish(entries: readonly AcceptedEntry[]): void {
    for (const { records } of entries) {
      this.#twins -= records.length - 1
      for (const record of records) record.done = true
    }
  }

  #moveTo(position: Position | undefined): void {
    this.applied = position && { seq: position.seq, tag: position.tag }
    this.revision++
  }

  /** The accepted entry of that seq: entries are without gaps. */
  #twinOf(seq: bigint): AcceptedEntry {
    const all = this.#inFlight.length > 0 && seq <= this.#inFlight.at(-1)!.seq ? this.#inFlight : this.#entries
    return all[Number(seq - all[0]!.seq)]!
  }

  /** The newest tick whose head lies on the way from `start` over `entries`. */
  #provenAsof(start: Position, entries: readonly Entry[]): number | undefined {
    for (let index = this.#marks.length - 1; index >= 0; index--) {
      const { head, timeMs } = this.#marks[index]!
      const there = head.seq === start.seq ? start : entries[Number(head.seq - start.seq) - 1]
      if (there && samePosition(there, head)) return timeMs
    }
    return undefined
  }
}

/** How many entries, from the first, have no more distinct minutes than one flush may carry. */
export function countWithin(entries: readonly Entry[]): number {
  const minutes = new Set<number>()
  for (let index = 0; index < entries.length; index++) {
    minutes.add(entries[index]!.minute)
    if (minutes.size > MAX_MINUTES_PER_FLUSH) return index
  }
  return entries.length
}
