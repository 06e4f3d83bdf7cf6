import type { LogSettings } from './log-settings.ts'
import { NO_TIMESTAMP, type SegmentFacts } from './segment-content.ts'

type Facts = Pick<SegmentFacts, 'bytes' | 'maxTimestamp' | 'firstTimestamp' | 'lastAppendMs' | 'nextOffset'>

/** How many of the oldest segments to delete. */
export function expiredCount(
  segments: readonly Facts[],
  settings: Pick<LogSettings, 'retentionMs' | 'retentionBytes'>,
  nowMs: number,
): number {
  return Math.max(countTooOld(segments, settings.retentionMs, nowMs), countTooMany(segments, settings.retentionBytes))
}

function countTooOld(segments: readonly Facts[], retentionMs: number, nowMs: number): number {
  if (retentionMs < 0) return 0
  const kept = segments.findIndex(segment => segment.bytes === 0 || nowMs - lastTimeMs(segment) <= retentionMs)
  return kept === -1 ? segments.length : kept
}

/** A segment is deleted only if the others hold at least the bytes to keep. */
function countTooMany(segments: readonly Facts[], retentionBytes: number): number {
  if (retentionBytes < 0) return 0
  let surplus = segments.reduce((sum, { bytes }) => sum + bytes, -retentionBytes)
  const kept = segments.findIndex(({ bytes }) => bytes === 0 || (surplus -= bytes) < 0)
  return kept === -1 ? segments.length : kept
}

/** The time of the last record, or the time of writing if records have no timestamps. */
function lastTimeMs({ maxTimestamp, lastAppendMs }: Facts): number {
  return maxTimestamp > NO_TIMESTAMP ? Number(maxTimestamp) : lastAppendMs
}
