/** Where the workers find the broker, and when they must stop. */
export interface Place {
  /** <host>:<port>; the same in all of the broker's lives. */
  readonly broker: string
  /** Aborted when no new work may be started; work in progress is completed. */
  readonly ending: AbortSignal
}

/** A client that uses the broker while it is killed repeatedly. */
export interface Worker {
  readonly name: string
  /** How many acknowledgements it has received. */
  readonly acks: number
  /** What the broker did wrong. */
  readonly violations: readonly string[]
  /** Ends some time after `ending`, when all work in progress is acknowledged. */
  run(): Promise<void>
}

export interface Partition {
  readonly topic: string
  readonly partition: number
}

export function nameOf({ topic, partition }: Partition): string {
  return `${topic}-${partition}`
}
