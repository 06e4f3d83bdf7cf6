/** How much is measured. */
export interface Scale {
  /** Commands of the rate over many resources, and of each contender. */
  readonly commands: number
  readonly resources: number
  /** Commands of the rate on one resource. */
  readonly commandsOfOne: number
  /** Commands of each latency, one after the other. */
  readonly latencySamples: number
  /** Commands that wait for one resource. */
  readonly waiting: number
  /** Grants and finishes that are timed at each length of the queue. */
  readonly steps: number
}

export const FULL: Scale = {
  commands: 60_000,
  resources: 1_000,
  commandsOfOne: 5_000,
  latencySamples: 1_000,
  waiting: 1_000_000,
  steps: 1_000,
}
export const QUICK: Scale = {
  commands: 10_000,
  resources: 1_000,
  commandsOfOne: 1_000,
  latencySamples: 200,
  waiting: 50_000,
  steps: 200,
}
