import type { Addressees } from './probe.ts'

/** What a run does, as its options say. */
export interface RttPlan {
  /** Number of probes, or of rounds with `partitions: 'all'`; undefined: until Ctrl-C. */
  readonly count: number | undefined
  readonly intervalMs: number
  readonly waitMs: number
  /** Size of the padding of each probe. */
  readonly bytes: number
  /** Whom the pings are for; undefined: no server is asked. */
  readonly to: Addressees | undefined
  /** One partition; `turns`: each probe goes to the next one; `all`: each round sends a probe to every partition. */
  readonly partitions: number | 'turns' | 'all'
  /** As Kafka has them; -1 means all. */
  readonly acks: -1 | 0 | 1
  /** Maximum number of probes in flight of a closed loop; undefined: the schedule is fixed. */
  readonly flood: number | undefined
  readonly topic: string
  readonly replyTopic: string
}

/** Whether each pong is confirmed. A closed loop measures how much goes through, so it sends nothing else. */
export function hasHandshake({ to, flood }: RttPlan): boolean {
  return to !== undefined && flood === undefined
}
