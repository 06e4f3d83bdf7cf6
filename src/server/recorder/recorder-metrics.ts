/** The metrics that the recorder needs. */
export interface RecorderMetrics {
  /** A batch was committed: callers acked, its pings, how many of them were new, and the time it took in seconds. */
  batchRecorded(batch: { readonly acked: number; readonly pings: number; readonly inserted: number; readonly seconds: number }): void
  /** A batch has to be retried, for example after a lost connection. */
  batchRetried(): void
  /** A ping was refused because the queue is full. */
  queueRefused(): void
  /** Sets the function that returns how many pings wait to be recorded. It is called whenever the metrics are read. */
  watchQueue(read: () => number): void
}
