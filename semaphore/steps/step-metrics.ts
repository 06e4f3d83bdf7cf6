/** The metrics that the queue of steps needs. */
export interface StepMetrics {
  /** A batch was committed: its steps, the grants that it made, and the time it took in seconds. */
  batchApplied(batch: { readonly steps: number; readonly grants: number; readonly seconds: number }): void
  /** A batch has to be sent again, for example after a lost connection. */
  batchRetried(): void
  /** A step was refused because too many wait. */
  stepRefused(): void
  /** Sets the function that returns how many steps wait for their outcome. It is called whenever the metrics are read. */
  watchSteps(read: () => number): void
}
