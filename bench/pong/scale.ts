/** How much is measured. */
export interface Scale {
  /** Records of the rate of bare kafkajs. */
  readonly records: number
  /** Round trips one after the other, of bare kafkajs and of the pong server. */
  readonly samples: number
  /** Round trips on a fixed schedule. */
  readonly scheduled: number
  /** Round trips with many in flight. */
  readonly flood: number
  /** How long the server's CPU time at rest is measured. */
  readonly restMs: number
}

export const FULL: Scale = { records: 100_000, samples: 2_000, scheduled: 1_000, flood: 100_000, restMs: 20_000 }
export const QUICK: Scale = { records: 20_000, samples: 500, scheduled: 200, flood: 20_000, restMs: 5_000 }
