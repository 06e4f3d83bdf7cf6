import { endOfRun, firstOfRun, restOfRun, type EventRun } from '../events/event-run.ts'
import type { RecordedBatch } from '../ledger/record.ts'
import type { LedgerRow, NewPing } from '../terms/ping.ts'
import { samePosition, type Position } from '../terms/position.ts'
import { LaneTally } from './lane-tally.ts'

/**
 * One lane on its way to the topic: the published position, what was read or handed over after it, and
 * whether rows are known to be missing behind that. Pure; everything in it is one unbroken history.
 */
export class LaneQueue {
  readonly lane: number
  /** As it is in Postgres. */
  published: Position
  /** As it is in Postgres. */
  folded: Position
  /** Where what Kafka has ends: `published`, or after it until that is moved. */
  sent: Position
  /** Where the queue ends: the position of its last event, or `published`. */
  end: Position
  /** True if the lane's head is behind the end and what lies between has to be read. */
  mustRead = true
  /** Counts what comes into the queue, for the rollup. */
  readonly tally: LaneTally
  #length = 0
  #runs: EventRun[] = []

  constructor(lane: number, { published, folded }: { readonly published: Position; readonly folded: Position }) {
    this.lane = lane
    this.published = published
    this.folded = folded
    this.sent = published
    this.end = published
    this.tally = new LaneTally(published)
  }

  /** Its number of events. */
  get length(): number {
    return this.#length
  }

  /** Takes what the recorder has just committed, if it follows on; if it does not, the rows have to be read. */
  offer(batch: RecordedBatch, room: number): void {
    const lastSeq = batch.before.seq + BigInt(batch.inserted.length)
    if (lastSeq <= this.end.seq) return
    if (this.mustRead || batch.inserted.length > room || !samePosition(batch.before, this.end)) {
      this.mustRead = true
      return
    }
    this.#push(this.end.seq + 1n, batch.tag, batch.inserted)
  }

  /** Takes the rows that were read after `end`; `all` if they reach to the head. */
  append(rows: readonly LedgerRow[], all: boolean): void {
    for (let from = 0; from < rows.length;) {
      const { seq, tag } = rows[from]!
      let to = from + 1
      // Rows that somebody removed between two others are a hole: what comes behind it keeps its numbers.
      while (rows[to]?.tag === tag && rows[to]!.seq === seq + BigInt(to - from)) to++
      this.#push(seq, tag, rows.slice(from, to))
      from = to
    }
    this.mustRead = !all
  }

  /** The first events, at most `limit`. They stay in the queue until Kafka has them. */
  first(limit: number): readonly EventRun[] {
    const runs: EventRun[] = []
    let left = limit
    for (const run of this.#runs) {
      if (left <= 0) break
      runs.push(firstOfRun(run, left))
      left -= run.pings.length
    }
    return runs
  }

  /** Kafka has the first `count` events, up to `sent`. */
  done(count: number, sent: Position): void {
    let left = count
    let whole = 0
    while (this.#runs[whole] && this.#runs[whole]!.pings.length <= left) left -= this.#runs[whole++]!.pings.length
    this.#runs.splice(0, whole)
    if (left > 0) this.#runs[0] = restOfRun(this.#runs[0]!, left)
    this.#length -= count
    this.sent = sent
  }

  #push(firstSeq: bigint, tag: bigint, pings: readonly NewPing[]): void {
    const run = { lane: this.lane, firstSeq, tag, previousTag: this.end.tag, pings }
    this.#runs.push(run)
    this.#length += pings.length
    this.end = endOfRun(run)
    this.tally.add(pings, this.end)
  }
}
