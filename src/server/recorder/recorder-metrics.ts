/** The metrics that the recorder needs. */
export interface RecorderMetrics {
  /** One batch was committed: the callers that were acked, its pings, how many of them were new, and the seconds it took. */
  batchRecorded(batch: { readonly acked: number; readonly pings: number; readonly inserted: number; readonly seconds: number }): void
  /** One batch has to be tried again, such as for a lost connection. */
  batchRetried(): void
  /** One ping was refused because the queue is full. */
  queueRefused(): void
  /** Reads, whenever the metrics are asked for, how many pings wait to be recorded. */
  watchQueue(read: () => number): void
}
