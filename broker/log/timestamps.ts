import { ProtocolError } from '../errors.ts'
import * as header from '../records/batch.ts'
import { decodeRecords } from '../records/records.ts'
import type { Segment } from './segment.ts'
import { NO_TIMESTAMP } from './segment-content.ts'

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

/** The first record of `timestamp` or later. */
export function recordAtOrAfter({ parts, startOffset }: VisibleLog, timestamp: bigint): FoundRecord | undefined {
  let found: FoundRecord | undefined
  for (const { segment, endPosition } of parts) {
    if (segment.facts.maxTimestamp < timestamp) continue
    segment.visitBatches(segment.positionBefore(timestamp), endPosition, (bytes, at, position) => {
      if (header.maxTimestamp(bytes, at) < timestamp || header.lastOffset(bytes, at) < startOffset) return false
      found = recordsAt(segment, position).find(record => record.timestamp >= timestamp && record.offset >= startOffset)
      return found !== undefined
    })
    if (found) return found
  }
  return undefined
}

/** The record with the greatest time, the first of them if there are several. */
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
  const records = recordsAt(place.segment, place.position).filter(({ offset }) => offset >= startOffset)
  return records.reduce<FoundRecord | undefined>((best, record) => (best === undefined || record.timestamp > best.timestamp ? record : best), undefined)
}

/** The greatest time of a segment's batches and where it is. Known, unless a part of the segment is not to be seen. */
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

/** The records of the batch at `position`; if they cannot be read, the batch stands for them: a reader that starts at its first misses none. */
function recordsAt(segment: Segment, position: number): FoundRecord[] {
  const batch = segment.batchAt(position)
  try {
    return decodeRecords(batch).map(({ offset, timestamp }) => ({ offset, timestamp }))
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error
    return [{ offset: header.baseOffset(batch, 0), timestamp: header.maxTimestamp(batch, 0) }]
  }
}
