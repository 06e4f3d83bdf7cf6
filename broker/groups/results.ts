import type { ErrorCode } from '../errors.ts'

/** A protocol for the assignment that a member supports, with the metadata of the member. Members list them in order of preference. */
export interface Protocol {
  readonly name: string
  readonly metadata: Buffer
}

export interface JoinRequest {
  readonly groupId: string
  /** Empty if the member has no id yet. */
  readonly memberId: string
  /** Set for static members, which keep their place when they restart. */
  readonly instanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  readonly protocolType: string
  readonly protocols: readonly Protocol[]
  /** A new dynamic member first gets an id, with which it must join again. */
  readonly requiresKnownId: boolean
  /** The client understands the flag that tells a leader not to assign. */
  readonly canSkipAssignment: boolean
}

export interface JoinedMember {
  readonly memberId: string
  readonly instanceId: string | null
  readonly metadata: Buffer
}

export interface JoinResult {
  readonly error: ErrorCode
  readonly memberId: string
  readonly generation: number
  readonly protocolType: string | null
  readonly protocolName: string | null
  readonly leaderId: string
  readonly skipAssignment: boolean
  /** All members for the leader; empty for the others. */
  readonly members: readonly JoinedMember[]
}

export interface SyncRequest {
  readonly groupId: string
  readonly generation: number
  readonly memberId: string
  readonly instanceId: string | null
  /** Null if the client does not send it. */
  readonly protocolType: string | null
  readonly protocolName: string | null
  /** By member id; ignored unless the sender is the leader. */
  readonly assignments: ReadonlyMap<string, Buffer>
}

export interface SyncResult {
  readonly error: ErrorCode
  readonly protocolType: string | null
  readonly protocolName: string | null
  readonly assignment: Buffer
}

/** Called exactly once, immediately or later. It must not call the group before it returns. */
export type Respond<Result> = (result: Result) => void

export const NO_MEMBER_ID = ''
const NO_GENERATION = -1
export const NO_ASSIGNMENT = Buffer.alloc(0)

export function refusedJoin(error: ErrorCode, memberId: string = NO_MEMBER_ID): JoinResult {
  return {
    error,
    memberId,
    generation: NO_GENERATION,
    protocolType: null,
    protocolName: null,
    leaderId: NO_MEMBER_ID,
    skipAssignment: false,
    members: [],
  }
}

export function refusedSync(error: ErrorCode): SyncResult {
  return { error, protocolType: null, protocolName: null, assignment: NO_ASSIGNMENT }
}
