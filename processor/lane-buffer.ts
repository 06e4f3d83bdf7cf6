import type { LaneFlush } from '../src/counters/flush.ts'
import type { CountedEvent } from '../src/events/event-reader.ts'
import type { OpenRecord } from '../src/kafka/offsets.ts'
import { minuteOf } from '../src/terms/minute.ts'
import { samePosition, type Position } from '../src/terms/position.ts'
import type { SpanContext } from '../src/tracing/trace-context.ts'
import { countWithin, type Entry } from './entry.ts'
import { TickMarks, type TickMark } from './tick-marks.ts'
import { TracedEvents, type RecordTrace, type TracedEvent } from './traced-events.ts'

interface AcceptedEntry extends Entry {
  /** The records that are done when the entry is applied: its own, and those of its duplicates. */
  readonly records: OpenRecord[]
}

/** An event as it was received, with the record that it came in. */
export interface Received {
  readonly event: CountedEvent
  readonly record: OpenRecord
  /** Absent for all but the sampled. */
  readonly trace?: RecordTrace
}

/** What a lane is doing. The table of `LaneBuffer` lists how it gets from one phase to another. */
export type LanePhase =
  /** What the cache has applied has not been read yet. */
  | 'unknown'
  /** Events are accepted; nothing is under way. */
  | 'idle'
  /** A flush is under way, and events are accepted after it. */
  | 'flushing'
  /** The lane cannot go on from its events: it needs a catch-up. */
  | 'broken'
  /** Broken, and a flush is still under way. */
  | 'flushing-broken'
  /** A catch-up is under way: events wait until it has ended. */
  | 'catching-up'

/**
 * One lane in the processor: the position that the cache has applied, and the events accepted after it,
 * one unbroken history. Pure: no clock, no store.
 *
 * At most one flush or catch-up is under way. A flush owns what it took: events that are accepted after that
 * wait for the next one. During a catch-up nothing is accepted: events wait until it has ended.
 *
 * | from | what happens | to |
 * | --- | --- | --- |
 * | (new) | | unknown |
 * | unknown | `adopt` | idle |
 * | idle | `adopt`, `accept` of the next event or of a duplicate | idle |
 * | idle | `take`, `takeAsof`, if there is something to write | flushing |
 * | flushing | `accept` of the next event or of a duplicate | flushing |
 * | flushing | `flushed`, `unanswered`, `movedTo` a position that it holds | idle |
 * | flushing | `movedTo` any other position | broken |
 * | flushing | `accept` of anything else | flushing-broken |
 * | flushing-broken | `flushed`, `unanswered`, `movedTo` | broken |
 * | unknown, idle | `accept` of anything else | broken |
 * | unknown, idle, broken | `drop` | broken |
 * | unknown, idle, broken | `beginCatchUp` | catching-up |
 * | catching-up | `endCatchUp` at a position | idle, or broken if an event that waited does not follow on from there |
 * | catching-up | `endCatchUp` without one | broken |
 *
 * In a phase that the table does not name for them, `accept` counts nothing, `take` and `takeAsof` give nothing, `adopt` does
 * nothing and `beginCatchUp` is false. `drop`, the outcomes of a flush and the end of a catch-up are then a bug, and throw.
 */
export class LaneBuffer {
  readonly lane: number
  #phase: LanePhase = 'unknown'
  #applied: Position | undefined
  #revision = 0
  #entries: AcceptedEntry[] = []
  #inFlight: AcceptedEntry[] = []
  /** Not accepted, or dropped: done when the catch-up that they caused has ended. */
  #untilCaughtUp: OpenRecord[] = []
  /** Came when the lane was broken and busy: taken when the catch-up has ended. */
  #waiting: Received[] = []
  readonly #marks = new TickMarks()
  readonly #traced = new TracedEvents()
  /** Records of accepted entries beyond each one's first. */
  #duplicates = 0

  constructor(lane: number) {
    this.lane = lane
  }

  get phase(): LanePhase {
    return this.#phase
  }

  /** True while a flush or a catch-up is under way. */
  get busy(): boolean {
    return this.#isFlushing || this.#phase === 'catching-up'
  }

  /** True if the lane cannot go on from its events, until a catch-up has ended. */
  get needsCatchUp(): boolean {
    return this.#phase === 'broken' || this.#phase === 'flushing-broken' || this.#phase === 'catching-up'
  }

  /** As the cache has it; undefined while that is not known. */
  get applied(): Position | undefined {
    return this.#applied
  }

  /** Changes with every position that is applied: what was read of the cache before is then out of date. */
  get revision(): number {
    return this.#revision
  }

  /** The head at the tick before. */
  get previousHead(): Position | undefined {
    return this.#marks.lastHead
  }

  /** Records that are not done. */
  get size(): number {
    return this.#entries.length + this.#inFlight.length + this.#duplicates + this.#untilCaughtUp.length + this.#waiting.length
  }

  /** Events accepted and not yet in a flush. */
  get pending(): number {
    return this.#entries.length
  }

  /** The position of the last event accepted, or what the cache has applied. */
  get end(): Position | undefined {
    return this.#entries.at(-1) ?? this.#inFlight.at(-1) ?? this.#applied
  }

  /**
   * Takes an event if it is the next of the history: seq one higher, and linked by the tag before it.
   * A seq that is in already is a duplicate. Anything else is not counted, and the lane needs a catch-up.
   * During a catch-up events wait and request no further one: under load it would never end.
   */
  accept(received: Received): 'accepted' | 'duplicate' | 'waiting' | 'refused' {
    const { event, record } = received
    const { needsCatchUp } = this
    if (needsCatchUp && this.#phase !== 'broken') {
      this.#waiting.push(received)
      return 'waiting'
    }
    if (this.#applied && event.seq <= this.#applied.seq) {
      record.done = true
      return 'duplicate'
    }
    const { end } = this
    if (!needsCatchUp && end && event.seq <= end.seq) {
      this.#entryOf(event.seq).records.push(record)
      this.#duplicates++
      return 'duplicate'
    }
    if (!needsCatchUp && end && event.seq === end.seq + 1n && event.previousTag === end.tag) {
      this.#entries.push({ seq: event.seq, tag: event.tag, minute: minuteOf(event.timestampMs), records: [record] })
      if (received.trace !== undefined) this.#traced.accept({ ...received.trace, seq: event.seq, offset: record.offset })
      return 'accepted'
    }
    this.#phase = this.#isFlushing ? 'flushing-broken' : 'broken'
    this.#untilCaughtUp.push(record)
    if (received.trace !== undefined) this.#traced.refuse(received.trace)
    return 'refused'
  }

  /** Sees what the cache and Postgres had at a tick. */
  mark(mark: TickMark): void {
    this.#marks.add(mark)
  }

  /** Takes over what the cache has, unless something is buffered or under way. */
  adopt(applied: Position): void {
    if ((this.#phase !== 'unknown' && this.#phase !== 'idle') || this.#entries.length > 0) return
    this.#applied = applied
    this.#phase = 'idle'
  }

  /** Takes the next flush, if there is something to flush. Give its outcome back: `flushed`, `unanswered` or `movedTo`. */
  take(): LaneFlush | undefined {
    if (this.#phase !== 'idle' || !this.#applied || this.#entries.length === 0) return undefined
    this.#inFlight = this.#entries.splice(0, countWithin(this.#entries))
    this.#phase = 'flushing'
    return this.planFlush(this.#applied, this.#inFlight)
  }

  /** As `take`, if there is nothing to flush but an `asof` to move. */
  takeAsof(): LaneFlush | undefined {
    if (this.#phase !== 'idle' || !this.#applied || this.#entries.length > 0) return undefined
    const flush = this.planFlush(this.#applied, [])
    if (flush.asofMs === undefined) return undefined
    this.#phase = 'flushing'
    return flush
  }

  /** The events of a flush that are part of recorded traces. */
  tracedIn({ end }: LaneFlush): readonly TracedEvent[] {
    return this.#traced.upTo(end.seq)
  }

  /** The traces of events that wait for a catch-up. */
  get tracesUntilCaughtUp(): readonly SpanContext[] {
    return this.#traced.untilCaughtUp
  }

  /** What takes the cache from `start` over `entries`, with the newest `asof` that this proves. */
  planFlush(start: Position, entries: readonly Entry[]): LaneFlush {
    const minutes = new Map<number, number>()
    for (const { minute } of entries) minutes.set(minute, (minutes.get(minute) ?? 0) + 1)
    return { lane: this.lane, start, end: entries.at(-1) ?? start, minutes, asofMs: this.#marks.provenAsofMs(start, entries) }
  }

  /** The flush's `asof` is written: older marks say nothing more. */
  forgetMarks({ asofMs }: LaneFlush): void {
    if (asofMs !== undefined) this.#marks.forgetUpTo(asofMs)
  }

  /** The flush is in the cache. */
  flushed(flush: LaneFlush): void {
    this.#endFlush('flushed')
    this.#moveTo(flush.end)
    this.#finish(this.#inFlight)
    this.#inFlight = []
    this.forgetMarks(flush)
  }

  /** The flush may or may not be in the cache; the next try will show it. */
  unanswered(): void {
    this.#endFlush('unanswered')
    this.#entries = [...this.#inFlight, ...this.#entries]
    this.#inFlight = []
  }

  /** The cache is elsewhere: keep what follows on from there, or else catch up. */
  movedTo(position: Position): void {
    this.unanswered()
    const index = this.#entries.findIndex(entry => samePosition(entry, position))
    if (index < 0 && !(this.#applied && samePosition(this.#applied, position))) return this.drop()
    this.#finish(this.#entries.splice(0, index + 1))
    this.#moveTo(position)
  }

  /** Drops everything accepted; the lane has to be caught up. */
  drop(): void {
    if (this.busy) throw this.#illegal('drop')
    for (const entry of this.#entries) this.#untilCaughtUp.push(...entry.records)
    this.#entries = []
    this.#duplicates = 0
    this.#moveTo(undefined)
    this.#phase = 'broken'
  }

  /** Begins a catch-up. False if a flush or another catch-up is under way. */
  beginCatchUp(): boolean {
    if (this.busy) return false
    this.drop()
    this.#phase = 'catching-up'
    return true
  }

  /** The catch-up has brought the cache to `reached`; undefined: it failed, and has to be done again. */
  endCatchUp(reached: Position | undefined): void {
    if (this.#phase !== 'catching-up') throw this.#illegal('endCatchUp')
    this.#phase = reached ? 'idle' : 'broken'
    if (reached) {
      for (const record of this.#untilCaughtUp) record.done = true
      this.#untilCaughtUp = []
      this.#traced.caughtUp()
      this.#moveTo(reached)
    }
    const waiting = this.#waiting
    this.#waiting = []
    for (const received of waiting) this.accept(received)
  }

  get #isFlushing(): boolean {
    return this.#phase === 'flushing' || this.#phase === 'flushing-broken'
  }

  #endFlush(outcome: string): void {
    if (!this.#isFlushing) throw this.#illegal(outcome)
    this.#phase = this.#phase === 'flushing' ? 'idle' : 'broken'
  }

  #illegal(step: string): Error {
    return new Error(`lane ${this.lane}: ${step} while ${this.#phase}`)
  }

  #finish(entries: readonly AcceptedEntry[]): void {
    for (const { records } of entries) {
      this.#duplicates -= records.length - 1
      for (const record of records) record.done = true
    }
  }

  #moveTo(position: Position | undefined): void {
    this.#applied = position && { seq: position.seq, tag: position.tag }
    if (position) this.#traced.counted(position.seq)
    else this.#traced.drop()
    this.#revision++
  }

  /** The accepted entry of that seq: entries are without gaps. */
  #entryOf(seq: bigint): AcceptedEntry {
    const all = this.#inFlight.length > 0 && seq <= this.#inFlight.at(-1)!.seq ? this.#inFlight : this.#entries
    return all[Number(seq - all[0]!.seq)]!
  }
}
