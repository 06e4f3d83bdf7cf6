import type { OutboxPosition } from '../store/outbox.ts'
import type { QueuedRecord } from './outbox.ts'

/** Bytes of a record besides its key and value: a bound for its headers. */
const RECORD_OVERHEAD_BYTES = 512

/** What a queue takes of hand-overs, while Kafka is slow or down. The other rows stay in Postgres until the queue is empty. */
const MAX_ROWS = 1_000
const MAX_BYTES = 512 * 1024

/**
 * One lane on its way to Kafka: the published position, and the rows that were read or handed over after it. Pure.
 * Always published.seq ≤ sent.seq ≤ end.seq.
 */
export class LaneQueue {
  readonly lane: number
  #published: OutboxPosition
  #sent: OutboxPosition
  #rows: QueuedRecord[] = []
  #bytes = 0
  #lacksRows = true
  #isReading = false

  constructor(lane: number, published: OutboxPosition) {
    this.lane = lane
    this.#published = published
    this.#sent = published
  }

  /** As it is in Postgres. */
  get published(): OutboxPosition {
    return this.#published
  }

  /** Where what Kafka has ends. */
  get sent(): OutboxPosition {
    return this.#sent
  }

  /** The position of the last row that was read. */
  get end(): OutboxPosition {
    return this.#rows.at(-1) ?? this.#sent
  }

  get length(): number {
    return this.#rows.length
  }

  /** True if Postgres may have rows after the end. */
  get lacksRows(): boolean {
    return this.#lacksRows
  }

  /** Postgres may have further rows. */
  missRows(): void {
    this.#lacksRows = true
  }

  /** Rows are about to be read: those that are committed from now on may not be among them. */
  beginRead(): void {
    this.#lacksRows = false
    this.#isReading = true
  }

  /** Takes rows that were just committed after `before`, if they follow on. If not, they have to be read. */
  offer(before: OutboxPosition, rows: readonly QueuedRecord[]): void {
    if (this.#lacksRows) return
    const { seq, tag } = this.end
    const hasRoom = this.#rows.length + rows.length <= MAX_ROWS && this.#bytes + bytesOf(rows) <= MAX_BYTES
    if (this.#isReading || !hasRoom || before.seq !== seq || before.tag !== tag) return this.missRows()
    this.#push(rows)
  }

  /** Takes the rows that were read after `end`; not `all` if there may be more. */
  append(rows: readonly QueuedRecord[], all: boolean): void {
    this.#isReading = false
    this.#push(rows)
    if (!all) this.#lacksRows = true
  }

  #push(rows: readonly QueuedRecord[]): void {
    for (const row of rows) {
      if (row.seq <= this.end.seq) throw new Error(`lane ${this.lane}: row ${row.seq} after ${this.end.seq}`)
      this.#rows.push(row)
    }
    this.#bytes += bytesOf(rows)
  }

  /** The first rows with at most `maxBytes`, but one at least. They stay in the queue until Kafka has them. */
  first(maxBytes: number): readonly QueuedRecord[] {
    let [count, bytes] = [0, 0]
    for (const row of this.#rows) {
      bytes += sizeOf(row)
      if (count > 0 && bytes > maxBytes) break
      count++
    }
    return this.#rows.slice(0, count)
  }

  /** Kafka has the first `count` rows. */
  done(count: number): void {
    if (count > this.#rows.length) throw new Error(`lane ${this.lane}: ${count} rows done, ${this.#rows.length} queued`)
    const last = this.#rows[count - 1]
    if (last) this.#sent = { seq: last.seq, tag: last.tag }
    this.#bytes -= bytesOf(this.#rows.splice(0, count))
  }

  /** Postgres has the published position there. */
  publishedTo(position: OutboxPosition): void {
    if (position.seq > this.#sent.seq) throw new Error(`lane ${this.lane}: published to ${position.seq}, sent to ${this.#sent.seq}`)
    this.#published = position
  }
}

function bytesOf(rows: readonly QueuedRecord[]): number {
  return rows.reduce((sum, row) => sum + sizeOf(row), 0)
}

function sizeOf({ record: { key, value } }: QueuedRecord): number {
  return RECORD_OVERHEAD_BYTES + Buffer.byteLength(key ?? '') + Buffer.byteLength(value ?? '')
}
