/**
 * What callers may ask of the semaphore, and what they get. The ways in (topics, REST, RPC) turn requests into steps, and the
 * outcomes into answers. A step is applied in one transaction, and answered after the commit.
 */

/**
 * `waiting`: in the queue. `running`: it holds a slot. `cancelling`: it holds a slot, and its cancellation waits for the holder's
 * `finish` or the end of its lease. The other three are final.
 */
export type CommandState = 'waiting' | 'running' | 'cancelling' | FinalState
export type FinalState = 'finished' | 'cancelled' | 'expired'

/** Puts a command into the queue of its resource. The same id again changes nothing. */
export interface Submit {
  readonly kind: 'submit'
  readonly resource: string
  readonly commandId: string
  readonly payload: Buffer
  /** 0 to 9; 9 is the most urgent. Default 0. */
  readonly priority?: number
  /** If true, a refusal (`full`, `conflict`) is also published on the topic of outcomes: for callers that get no answer. */
  readonly announceRefusal?: boolean
}

/** The holder has finished the command: its slot is free. If the command was `cancelling`, it is then `cancelled`. */
export interface Finish {
  readonly kind: 'finish'
  readonly resource: string
  readonly commandId: string
  /** If given, the step is refused unless the command runs with this token. */
  readonly token?: bigint
}

/** The holder is alive: its lease begins again. */
export interface Extend {
  readonly kind: 'extend'
  readonly resource: string
  readonly commandId: string
  readonly token?: bigint
}

/** Ends a command. A waiting command leaves the queue at once. */
export interface Cancel {
  readonly kind: 'cancel'
  readonly resource: string
  readonly commandId: string
  readonly token?: bigint
  /** For a running command. `now`: its token is revoked and its slot is free. `confirmed`: it keeps its slot until `finish` or the end of its lease. */
  readonly when: 'now' | 'confirmed'
}

/** Changes limits of a resource. Absent: unchanged. `null`: the default again. What is out stays out. */
export interface SetLimits {
  readonly kind: 'limits'
  readonly resource: string
  /** Maximum number of commands that run at a time. 0 stops grants. */
  readonly running?: number | null
  /** Maximum number of commands that wait. */
  readonly waiting?: number | null
  /** Lease of a granted command in ms; 0: no lease. It counts for grants and extensions from now on. */
  readonly leaseMs?: number | null
  /** How much earlier, in ms, each level of priority puts a command in the queue. It counts for commands submitted from now on. */
  readonly ageingMs?: number | null
  /** Maximum number of grants per window, evenly spaced. `null`: no limit. */
  readonly rate?: Rate | null
}

export interface Rate {
  readonly count: number
  readonly windowMs: number
}

export type Step = Submit | Finish | Extend | Cancel | SetLimits

/** The limits that hold for a resource: its own, else the defaults. */
export interface Limits {
  readonly running: number
  readonly waiting: number
  /** 0: no lease. */
  readonly leaseMs: number
  readonly ageingMs: number
  readonly rate: Rate | undefined
}

/** The command is in the queue. `token`: it was granted in the same transaction. */
export interface Accepted {
  readonly outcome: 'accepted'
  /** The command's number in its resource: 1, 2, 3 … in the order of commits. */
  readonly place: bigint
  readonly token: bigint | undefined
}
/** The id is known, with the same resource and payload. */
export interface Repeated {
  readonly outcome: 'repeated'
  readonly place: bigint
  readonly state: CommandState
  /** Undefined if it was never granted. */
  readonly token: bigint | undefined
}
/** The id is known, and it is another command. */
export interface Conflict {
  readonly outcome: 'conflict'
  readonly differs: 'resource' | 'payload'
  /** The resource of the known command. */
  readonly resource: string
}
/** The queue is full: nothing was stored, and the same id may be submitted again. */
export interface Full {
  readonly outcome: 'full'
  readonly limit: number
  readonly waiting: number
}
export type SubmitOutcome = Accepted | Repeated | Conflict | Full

/** The command is already in a final state: nothing was changed. */
export interface Already {
  readonly outcome: 'already'
  readonly state: FinalState
  /** True if the step asks for what has happened, so it repeats an earlier one: a `finish` also if the cancellation had waited for one. */
  readonly isRepeat: boolean
  readonly token: bigint | undefined
}
/** The command still waits: nothing was changed. */
export interface NotRunning {
  readonly outcome: 'notRunning'
  readonly state: 'waiting'
}
/** The command runs with another token, which is `token`: nothing was changed. */
export interface StaleToken {
  readonly outcome: 'staleToken'
  readonly token: bigint
}
/** The resource has no command with this id. */
export interface Unknown {
  readonly outcome: 'unknown'
}

export interface Finished {
  readonly outcome: 'finished'
  /** `cancelled` if the command was cancelling. */
  readonly state: 'finished' | 'cancelled'
  readonly token: bigint
}
export type FinishOutcome = Finished | Already | NotRunning | StaleToken | Unknown

export interface Extended {
  readonly outcome: 'extended'
  /** End of the lease by Postgres' clock, in ms since the Unix epoch. */
  readonly leaseUntilMs: number
}
/** The command runs without a lease: nothing was changed. */
export interface NoLease {
  readonly outcome: 'noLease'
}
export type ExtendOutcome = Extended | NoLease | Already | NotRunning | StaleToken | Unknown

export interface Cancelled {
  readonly outcome: 'cancelled'
  /** `cancelling` if the slot is held until the cancellation is confirmed. */
  readonly state: 'cancelled' | 'cancelling'
  /** Undefined if it was never granted. */
  readonly token: bigint | undefined
}
export type CancelOutcome = Cancelled | Already | StaleToken | Unknown

export interface LimitsSet {
  readonly outcome: 'set'
  readonly limits: Limits
}

export type Outcome = SubmitOutcome | FinishOutcome | ExtendOutcome | CancelOutcome | LimitsSet

/** The outcomes of each kind of step. */
export interface OutcomeOf {
  readonly submit: SubmitOutcome
  readonly finish: FinishOutcome
  readonly extend: ExtendOutcome
  readonly cancel: CancelOutcome
  readonly limits: LimitsSet
}

/** Applies steps. The ways in know only this. */
export interface Steps {
  /**
   * Resolves after the commit. Steps that arrive together share a transaction; steps of one resource are applied in their order.
   * Rejects with `InvalidStepError` (nothing was applied), `QueueFullError` (nothing was applied; try later) or `UnavailableError`
   * (the step may or may not be applied; try again with the same command id).
   */
  run<S extends Step>(step: S): Promise<OutcomeOf[S['kind']]>
}
