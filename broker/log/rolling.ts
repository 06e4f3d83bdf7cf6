import { ERROR, ProtocolError } from '../errors.ts'
import * as header from '../records/batch.ts'
import type { LogSettings } from './log-settings.ts'
import { timeOf, type SegmentFacts } from './segment-content.ts'

/** Offsets within a segment have 31 bits. */
const MAX_RELATIVE_OFFSET = 2 ** 31 - 1

/** Whether a batch must go into a new segment. `timestamp`: the greatest of its records. */
export function mustRoll(
  facts: SegmentFacts,
  batch: Buffer,
  timestamp: bigint,
  settings: Pick<LogSettings, 'segmentBytes' | 'segmentMs'>,
  nowMs: number,
): boolean {
  if (facts.bytes === 0) return false
  if (facts.bytes + batch.length > settings.segmentBytes) return true
  if (facts.nextOffset + header.lastOffsetDelta(batch, 0) > MAX_RELATIVE_OFFSET) return true
  return timeOf(timestamp, nowMs) - facts.firstTimestamp > settings.segmentMs
}

/** Throws `ProtocolError` if the batch is too large for the log. */
export function checkSize(batch: Buffer, { maxMessageBytes, segmentBytes }: Pick<LogSettings, 'maxMessageBytes' | 'segmentBytes'>): void {
  if (batch.length > maxMessageBytes) {
    throw new ProtocolError(
      ERROR.MESSAGE_TOO_LARGE,
      `size of a batch: got ${batch.length} bytes, expected at most ${maxMessageBytes} (max.message.bytes)`,
    )
  }
  if (batch.length > segmentBytes) {
    throw new ProtocolError(
      ERROR.RECORD_LIST_TOO_LARGE,
      `size of a batch: got ${batch.length} bytes, expected at most ${segmentBytes} (segment.bytes)`,
    )
  }
}
