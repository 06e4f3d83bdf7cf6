import * as header from '../records/batch.ts'
import { SparseIndex } from './sparse-index.ts'

export const NO_TIMESTAMP = -1n

/** What is known about a segment without reading it. Offsets are relative to its base offset. */
export interface SegmentFacts {
  /** Of whole batches. */
  readonly bytes: number
  readonly nextOffset: number
  /** The greatest timestamp of all batches, and the position of the first batch that has it. */
  readonly maxTimestamp: bigint
  readonly maxTimestampPosition: number
  /** The greatest timestamp of the first batch, or the clock's time if it has none. The segment's age counts from here. */
  readonly firstTimestamp: bigint
  /** By the clock, ms since the Unix epoch: determines the age of a segment whose records have no timestamps. */
  readonly lastAppendMs: number
  /** The batches up to this position are indexed. */
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

/** The clock's time (ms since the Unix epoch), and how densely to index. */
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

  /** Adds the next batch; its header is at `at`. */
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

/** A batch's timestamp, or the clock's time if it has none. */
export function timeOf(timestamp: bigint, nowMs: number): bigint {
  return timestamp > NO_TIMESTAMP ? timestamp : BigInt(Math.trunc(nowMs))
}
