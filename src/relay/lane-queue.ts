import type { PingEvent } from '../events/event.ts'
import type { RecordedBatch } from '../ledger/record.ts'
import type { LedgerRow } from '../terms/ping.ts'
import { samePosition, type Position } from '../terms/position.ts'

/**
 * One lane on its way to the topic: the published position, what was read or handed over after it, and
 * whether rows are known to be missing behind that. Pure; everything in it is one unbroken history.
 */
export class LaneQueue {
  readonly lane: number
  /** As it is in Postgres. */
  published: Position
  /** Where the queue ends: the position of its last event, or `published`. */
  end: Position
  /** True if the lane's head is behind the end and what lies between has to be read. */
  mustRead = true
  #events: PingEvent[] = []

  constructor(lane: number, published: Position) {
    this.lane = lane
    this.published = published
    this.end = published
  }

  get length(): number {
    return this.#events.length
  }

  /** Takes what the recorder has just committed, if it follows on; if it does not, the rows have to be read. */
  offer(batch: RecordedBatch, room: number): void {
    const lastSeq = batch.before.seq + BigInt(batch.inserted.length)
    if (lastSeq <= this.end.seq) return
    if (this.mustRead || batch.inserted.length > room || !samePosition(batch.before, this.end)) {
      this.mustRead = true
      return
    }
    let { seq } = batch.before
    for (const { id, timestampMs } of batch.inserted) this.#push({ lane: this.lane, id, timestampMs, seq: ++seq, tag: batch.tag })
  }

  /** Takes the rows that were read after `end`; `all` if they reach to the head. */
  append(rows: readonly LedgerRow[], all: boolean): void {
    for (const row of rows) this.#push(row)
    this.mustRead = !all
  }

  /** The first events, at most `limit`. They stay in the queue until `done`. */
  first(limit: number): readonly PingEvent[] {
    return this.#events.slice(0, limit)
  }

  /** The first `count` events are published, up to `published`. */
  done(count: number, published: Position): void {
    this.#events.splice(0, count)
    this.published = published
  }

  #push(row: LedgerRow): void {
    this.#events.push({ ...row, previousTag: this.end.tag })
    this.end = { seq: row.seq, tag: row.tag }
  }
}
