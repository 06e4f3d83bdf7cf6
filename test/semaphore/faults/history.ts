/** What was found in a topic. Times are those of the broker at the append, in ms since the Unix epoch (LogAppendTime). */
interface Found {
  readonly resource: string
  readonly commandId: string
  readonly appendedMs: number
}

/** A record of command-requests, or a call that asked for the same. */
export interface Request extends Found {
  /** The record's place; undefined for a call, whose place among the others is unknown. */
  readonly place: Place | undefined
  /** 0 … 9; the highest is first. */
  readonly priority: number
  readonly value: string
}

export interface Place {
  readonly partition: number
  readonly offset: bigint
}

/** A record of command-events, or a call. */
export interface Event extends Found {
  readonly event: 'finished' | 'cancel' | 'extend'
  /** Undefined: the sender named none. */
  readonly token: bigint | undefined
  /** Of a cancellation: false if the slot is to be held until a finish confirms it. */
  readonly isImmediate: boolean
}

/** A record of actionable-commands. */
export interface Actionable extends Found {
  readonly place: Place
  readonly value: string
  readonly token: bigint
  /** 0: the slot has no lease. */
  readonly leaseMs: number
}

/** A record of command-outcomes. */
export interface Outcome extends Found {
  /** `refused`: a request, not an event. `cancelling` is no end: the command holds its slot. */
  readonly outcome: 'finished' | 'cancelled' | 'expired' | 'refused' | 'cancelling'
  readonly reason: string
  readonly token: bigint | undefined
}

/** Everything that was in the four topics, each in the order of its partitions. */
export interface History {
  readonly requests: readonly Request[]
  readonly events: readonly Event[]
  readonly actionable: readonly Actionable[]
  readonly outcomes: readonly Outcome[]
}
