import * as header from '../records/batch.ts'
import { SparseIndex } from './sparse-index.ts'

export const NO_TIMESTAMP = -1n

/** What is known of a segment without reading it. Offsets are counted from its base offset. */
export interface SegmentFacts {
  /** Of whole batches. */
  readonly bytes: number
  readonly nextOffset: number
  /** The greatest of all batches, and where the first batch is that has it. */
  readonly maxTimestamp: bigint
  readonly maxTimestampPosition: number
  /** The greatest of the first batch, or the clock's if it has none: from here on the segment's age is counted. */
  readonly firstTimestamp: bigint
  /** By the clock, ms since the Unix epoch: the age of a segment whose records have no timestamps. */
  readonly lastAppendMs: number
  /** Up to where the batches are indexed. */
  readonly indexedBytes: number
}

const EMPTY: SegmentFacts = {
  bytes: 0,
  nextOffset: 0,
  maxTimestamp: NO_TIMESTAMP,
  maxTimestampPosition: 0,
  firstTimestamp: NO_TIMESTAMP,
  lastAppendMs: 0,
  indexedBytes: 0,
}

/** What the clock says (ms since the Unix epoch), and how densely to index. */
export interface Circumstances {
  readonly nowMs: number
  readonly indexIntervalBytes: number
}

/** The facts of a segment together with its index, kept up to date batch by batch. */
export class SegmentContent {
  #facts: { -readonly [Name in keyof SegmentFacts]: SegmentFacts[Name] }
  readonly index: SparseIndex

  constructor(facts: SegmentFacts = EMPTY, index = new SparseIndex()) {
    this.#facts = { ...facts }
    this.index = index
  }

  get facts(): SegmentFacts {
    return this.#facts
  }

  /** Takes in the batch whose header is at `at` and which follows those taken in before. */
  add(bytes: Buffer, at: number, { nowMs, indexIntervalBytes }: Circumstances): void {
    const facts = this.#facts
    const timestamp = header.maxTimestamp(bytes, at)
    if (facts.bytes === 0) facts.firstTimestamp = timeOf(timestamp, nowMs)
    if (facts.bytes - facts.indexedBytes >= indexIntervalBytes) {
      this.index.add({ offset: facts.nextOffset, position: facts.bytes, maxTimestampBefore: facts.maxTimestamp })
      facts.indexedBytes = facts.bytes
    }
    if (timestamp > facts.maxTimestamp) {
      facts.maxTimestamp = timestamp
      facts.maxTimestampPosition = facts.bytes
    }
    facts.bytes += header.batchBytes(bytes, at)
    facts.nextOffset += header.lastOffsetDelta(bytes, at) + 1
    facts.lastAppendMs = nowMs
  }
}

/** A batch's own time, or the clock's if it has none. */
export function timeOf(timestamp: bigint, nowMs: number): bigint {
  return timestamp > NO_TIMESTAMP ? timestamp : BigInt(Math.trunc(nowMs))
}
