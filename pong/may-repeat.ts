import type { PartitionStart } from '../src/kafka/record-consumer-options.ts'

/**
 * True if a server may have answered this ping before, so that the reply has to be marked. Pure.
 *
 * A record that was in the partition before the group assigned it may have been read by the server before. If the group had committed
 * nothing then, none had: the first commit comes before the first record. A client that sends a ping again counts its attempts.
 */
export function mayRepeat(offset: number, attempt: number, start: PartitionStart | undefined): boolean {
  if (attempt > 1) return true
  return start === undefined || (start.wasCommitted && offset < start.end)
}
