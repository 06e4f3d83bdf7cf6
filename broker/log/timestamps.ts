import { ProtocolError } from '../errors.ts'
import * as header from '../records/batch.ts'
import { eachRecord } from '../records/records.ts'
import { NO_TIMESTAMP } from './segment-content.ts'
import type { Segment } from './segment.ts'

export interface FoundRecord {
  readonly offset: bigint
  /** ms since the Unix epoch. */
  readonly timestamp: bigint
}

/** The part of a log that may be read. */
export interface VisibleLog {
  readonly parts: readonly VisiblePart[]
  readonly startOffset: bigint
}

export interface VisiblePart {
  readonly segment: Segment
  readonly endPosition: number
}

/**
 * The first record with `timestamp` or a later time. Headers show which batch has it, and only that batch is decoded. If the batch
 * has no such record, its header was wrong, and the batch's first offset is returned.
 */
export function recordAtOrAfter({ parts, startOffset }: VisibleLog, timestamp: bigint): FoundRecord | undefined {
  let found: FoundRecord | undefined
  for (const { segment, endPosition } of parts) {
    if (segment.facts.maxTimestamp < timestamp) continue
    segment.visitBatches(segment.positionBefore(timestamp), endPosition, (bytes, at, position) => {
      if (header.maxTimestamp(bytes, at) < timestamp || header.lastOffset(bytes, at) < startOffset) return false
      found = firstOf(recordsAt(segment, position), record => record.timestamp >= timestamp && record.offset >= startOffset)
      // In the batch that contains the start of the log, the record may be deleted.
      if (header.baseOffset(bytes, at) >= startOffset) found ??= batchAsRecord(bytes, at)
      return found !== undefined
    })
    if (found) return found
  }
  return undefined
}

/** The first record with the greatest time. */
export function recordWithGreatest({ parts, startOffset }: VisibleLog): FoundRecord | undefined {
  let greatest = NO_TIMESTAMP
  let place: { readonly segment: Segment; readonly position: number } | undefined
  for (const part of parts) {
    const { segment } = part
    if (segment.facts.maxTimestamp <= greatest) continue
    const [timestamp, position] = greatestOf(part, startOffset)
    if (timestamp > greatest) [greatest, place] = [timestamp, { segment, position }]
  }
  if (place === undefined) return undefined
  let best: FoundRecord | undefined
  for (const record of recordsAt(place.segment, place.position)) {
    if (record.offset >= startOffset && (best === undefined || record.timestamp > best.timestamp)) best = record
  }
  return best ?? batchAsRecord(place.segment.batchAt(place.position), 0)
}

/** The greatest time of a segment's batches and its position. It is known unless only part of the segment is visible. */
function greatestOf({ segment, endPosition }: VisiblePart, startOffset: bigint): [timestamp: bigint, position: number] {
  const { facts, baseOffset } = segment
  if (endPosition === facts.bytes && startOffset <= baseOffset) return [facts.maxTimestamp, facts.maxTimestampPosition]
  let greatest: [bigint, number] = [NO_TIMESTAMP, 0]
  segment.visitBatches(0, endPosition, (bytes, at, position) => {
    const timestamp = header.maxTimestamp(bytes, at)
    if (timestamp > greatest[0] && header.lastOffset(bytes, at) >= startOffset) greatest = [timestamp, position]
    return false
  })
  return greatest
}

/** The records of the batch at `position`, one at a time, since it may hold millions. Stops at the first unreadable one. */
function* recordsAt(segment: Segment, position: number): Generator<FoundRecord> {
  try {
    for (const { offset, timestamp } of eachRecord(segment.batchAt(position))) yield { offset, timestamp }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
  }
}

function firstOf(records: Iterable<FoundRecord>, isWanted: (record: FoundRecord) => boolean): FoundRecord | undefined {
  for (const record of records) if (isWanted(record)) return record
  return undefined
}

/** The batch's first offset: a consumer that starts there misses nothing. */
function batchAsRecord(bytes: Buffer, at: number): FoundRecord {
  return { offset: header.baseOffset(bytes, at), timestamp: header.maxTimestamp(bytes, at) }
}
