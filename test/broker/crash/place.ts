/** Where the workers find the broker, for as long as the test lets them work. */
export interface Place {
  /** <host>:<port>; the same in all of the broker's lives. */
  readonly broker: string
  /** Aborted when nothing new is to be begun; what is under way is brought to its end. */
  readonly ending: AbortSignal
}

/** Something that uses the broker while it is killed again and again. */
export interface Worker {
  readonly name: string
  /** How often the broker has acknowledged something to it. */
  readonly acks: number
  /** What the broker did that it must not. */
  readonly violations: readonly string[]
  /** Ends some time after `ending`, when everything that was begun is acknowledged. */
  run(): Promise<void>
}

export interface Partition {
  readonly topic: string
  readonly partition: number
}

export function nameOf({ topic, partition }: Partition): string {
  return `${topic}-${partition}`
}
