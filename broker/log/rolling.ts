import * as header from '../records/batch.ts'
import type { LogSettings } from './log-settings.ts'
import { NO_TIMESTAMP, type SegmentFacts } from './segment-content.ts'

/** Offsets within a segment have 31 bits. */
const MOST_OFFSETS = 2 ** 31 - 1

/** Whether a batch must go into a new segment. `timestamp`: the greatest of its records. */
export function mustRoll(facts: SegmentFacts, batch: Buffer, timestamp: bigint, settings: Pick<LogSettings, 'segmentBytes' | 'segmentMs'>, nowMs: number): boolean {
  if (facts.bytes === 0) return false
  if (facts.bytes + batch.length > settings.segmentBytes) return true
  if (facts.nextOffset + header.lastOffsetDelta(batch, 0) > MOST_OFFSETS) return true
  // By the records' own times, as retention goes by them; by the clock only if they have none.
  const agesByRecords = facts.firstTimestamp > NO_TIMESTAMP && timestamp > NO_TIMESTAMP
  const ageMs = agesByRecords ? Number(timestamp - facts.firstTimestamp) : nowMs - facts.lastAppendMs
  return ageMs > settings.segmentMs
}
