import { ERROR, ProtocolError } from '../errors.ts'
import * as header from '../records/batch.ts'
import type { LogSettings } from './log-settings.ts'

/**
 * Refuses a batch whose records are too old or in the future, for example if a client sent seconds instead of milliseconds. Only the
 * first and the greatest timestamp are checked, because the others are inside the records. Throws INVALID_TIMESTAMP.
 */
export function checkTimestamps(
  batch: Buffer,
  settings: Pick<LogSettings, 'timestampBeforeMaxMs' | 'timestampAfterMaxMs'>,
  nowMs: number,
): void {
  const { timestampBeforeMaxMs = Infinity, timestampAfterMaxMs = Infinity } = settings
  const [firstMs, latestMs] = [Number(header.baseTimestamp(batch, 0)), Number(header.maxTimestamp(batch, 0))]
  if (Math.max(firstMs, latestMs) - nowMs > timestampAfterMaxMs) {
    throw invalid(
      `time of a record: got ${Math.max(firstMs, latestMs)}, expected at most ${timestampAfterMaxMs} ms after ${nowMs} (message.timestamp.after.max.ms)`,
    )
  }
  if (firstMs >= 0 && nowMs - firstMs > timestampBeforeMaxMs) {
    throw invalid(
      `time of a record: got ${firstMs}, expected at most ${timestampBeforeMaxMs} ms before ${nowMs} (message.timestamp.before.max.ms)`,
    )
  }
}

function invalid(text: string): ProtocolError {
  return new ProtocolError(ERROR.INVALID_TIMESTAMP, text)
}
