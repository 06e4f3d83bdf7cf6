import { endOfRun, firstOfRun, restOfRun, type EventRun, type RunTraces } from '../events/event-run.ts'
import type { RecordedBatch } from '../ledger/record.ts'
import type { LedgerRow, NewPing } from '../terms/ping.ts'
import { samePosition, type Position } from '../terms/position.ts'
import { LaneTally } from './lane-tally.ts'

/** `reading`: rows after `end` are missing and have to be read. `following`: nothing is missing, and the recorder's batches follow on. */
export type QueuePhase = 'reading' | 'following'

/**
 * One lane on its way to the topic: the published position, and what was read or handed over after it, one unbroken
 * history. Pure: no clock, no store.
 *
 * Always published.seq ≤ sent.seq ≤ end.seq. `folded` is on its own: it may be anywhere.
 *
 * | from | what happens | to |
 * | --- | --- | --- |
 * | (new) | nothing is known of the rows after `published` | reading |
 * | reading | `append` of rows that reach to the head | following |
 * | reading | `append` of fewer; `offer`, which takes nothing | reading |
 * | following | `offer` of a batch that follows on, or that is in already | following |
 * | following | `offer` of any other batch; `missRows` | reading |
 *
 * Anything else is a bug and throws: `append` while following, `done` of more than there is, `publishedTo` beyond `sent`.
 */
export class LaneQueue {
  readonly lane: number
  /** Counts what comes into the queue, for the rollup. */
  readonly tally: LaneTally
  #phase: QueuePhase = 'reading'
  #published: Position
  #folded: Position
  #sent: Position
  #end: Position
  #length = 0
  #runs: EventRun[] = []

  constructor(lane: number, { published, folded }: { readonly published: Position; readonly folded: Position }) {
    this.lane = lane
    this.#published = published
    this.#folded = folded
    this.#sent = published
    this.#end = published
    this.tally = new LaneTally(published)
  }

  get phase(): QueuePhase {
    return this.#phase
  }

  /** True if rows between the end and the lane's head have to be read. */
  get mustRead(): boolean {
    return this.#phase === 'reading'
  }

  /** As it is in Postgres. */
  get published(): Position {
    return this.#published
  }

  /** As it is in Postgres. */
  get folded(): Position {
    return this.#folded
  }

  /** Where what Kafka has ends: `published`, or after it until that is moved. */
  get sent(): Position {
    return this.#sent
  }

  /** Where the queue ends: the position of its last event, or `sent`. */
  get end(): Position {
    return this.#end
  }

  /** Its number of events. */
  get length(): number {
    return this.#length
  }

  /** Takes what the recorder has just committed, if it follows on; if it does not, the rows have to be read, and the traces are lost. */
  offer(batch: RecordedBatch, room: number, traces?: RunTraces): void {
    const lastSeq = batch.before.seq + BigInt(batch.inserted.length)
    if (this.mustRead || lastSeq <= this.#end.seq) return
    if (batch.inserted.length > room || !samePosition(batch.before, this.#end)) return this.missRows()
    this.#push(this.#end.seq + 1n, batch.tag, batch.inserted, traces)
  }

  /** Postgres has rows after the end that will not be handed over, or the end is no longer in the ledger. */
  missRows(): void {
    this.#phase = 'reading'
  }

  /** Takes the rows that were read after `end`; `all` if they reach to the head. */
  append(rows: readonly LedgerRow[], all: boolean): void {
    if (this.#phase !== 'reading') throw new Error(`lane ${this.lane}: append while ${this.#phase}`)
    for (let from = 0; from < rows.length;) {
      const { seq, tag } = rows[from]!
      let to = from + 1
      // Rows that were removed between two others are a hole: what follows it keeps its numbers.
      while (rows[to]?.tag === tag && rows[to]!.seq === seq + BigInt(to - from)) to++
      this.#push(seq, tag, rows.slice(from, to))
      from = to
    }
    if (all) this.#phase = 'following'
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
    if (count > this.#length) throw new Error(`lane ${this.lane}: ${count} events done, ${this.#length} queued`)
    let left = count
    let whole = 0
    while (this.#runs[whole] && this.#runs[whole]!.pings.length <= left) left -= this.#runs[whole++]!.pings.length
    this.#runs.splice(0, whole)
    if (left > 0) this.#runs[0] = restOfRun(this.#runs[0]!, left)
    this.#length -= count
    this.#sent = sent
  }

  /** Postgres has the published position there. */
  publishedTo(position: Position): void {
    if (position.seq > this.#sent.seq) throw new Error(`lane ${this.lane}: published to ${position.seq}, sent to ${this.#sent.seq}`)
    this.#published = position
  }

  /** Postgres has the folded position there. */
  foldedTo(position: Position): void {
    this.#folded = position
  }

  #push(firstSeq: bigint, tag: bigint, pings: readonly NewPing[], traces?: RunTraces): void {
    const run = { lane: this.lane, firstSeq, tag, previousTag: this.#end.tag, pings, traces }
    this.#runs.push(run)
    this.#length += pings.length
    this.#end = endOfRun(run)
    this.tally.add(pings, this.#end)
  }
}
