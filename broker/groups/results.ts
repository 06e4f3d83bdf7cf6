import type { ErrorCode } from '../errors.ts'

/** A way in which a member can divide the work, in the member's order of preference, with what it says about itself. */
export interface Protocol {
  readonly name: string
  readonly metadata: Buffer
}

export interface JoinRequest {
  readonly groupId: string
  /** Empty: the member has no id yet. */
  readonly memberId: string
  /** Set for static members, which keep their place when they restart. */
  readonly instanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  readonly protocolType: string
  readonly protocols: readonly Protocol[]
  /** A new dynamic member is first given an id, with which it must come again. */
  readonly requiresKnownId: boolean
  /** The client understands that a leader may be told not to assign. */
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
  /** Everybody, for the leader; nobody, for the others. */
  readonly members: readonly JoinedMember[]
}

export interface SyncRequest {
  readonly groupId: string
  readonly generation: number
  readonly memberId: string
  readonly instanceId: string | null
  /** Null: the client does not say. */
  readonly protocolType: string | null
  readonly protocolName: string | null
  /** By member id; only the leader's count. */
  readonly assignments: ReadonlyMap<string, Buffer>
}

export interface SyncResult {
  readonly error: ErrorCode
  readonly protocolType: string | null
  readonly protocolName: string | null
  readonly assignment: Buffer
}

/** Called exactly once, at once or later. It must not call the group back before it returns. */
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
