import { ERROR, type ErrorCode } from '../errors.ts'
import { Alarm, type Cancel, type Clock } from './clock.ts'
import { Member } from './member.ts'
import { NO_MEMBER_ID, type JoinRequest } from './results.ts'

/** The names are those of DescribeGroups. */
export type GroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable'

export interface GroupSettings {
  readonly minSessionTimeoutMs: number
  readonly maxSessionTimeoutMs: number
  /** How long the first join of an empty group waits for further members. */
  readonly initialRebalanceDelayMs: number
  readonly maxSize: number
}

/** What all groups share. */
export interface GroupSurroundings {
  readonly clock: Clock
  readonly settings: GroupSettings
  /** Generates a unique member id that starts with `prefix`. */
  readonly newMemberId: (prefix: string) => string
  /** Called at the start of each generation, including that of an empty group. */
  readonly onGeneration: (group: Group) => void
}

/**
 * The state of one group. The decisions are in the phases (join-phase.ts, sync-phase.ts).
 * Empty → PreparingRebalance (joins are collected) → CompletingRebalance (the leader's assignment is awaited) → Stable.
 */
export class Group {
  readonly id: string
  readonly surroundings: GroupSurroundings
  #state: GroupState = 'Empty'
  #stateSinceMs: number
  generation = 0
  protocolType: string | undefined
  protocolName: string | undefined
  leaderId: string | undefined
  readonly members = new Map<string, Member>()
  readonly #idByInstance = new Map<string, string>()
  /** Assigned member ids with which no client has joined yet, each with the timer that ends the wait. */
  readonly #pendingJoins = new Map<string, Cancel>()
  /** Members that have not fetched their assignment in this generation. */
  readonly pendingSyncs = new Set<string>()
  readonly joinTimer: Alarm
  readonly syncTimer: Alarm
  /** Set while an empty group waits for its first members. */
  initialDelay: { hasNewMember: boolean } | undefined

  constructor(id: string, surroundings: GroupSurroundings) {
    this.id = id
    this.surroundings = surroundings
    this.#stateSinceMs = surroundings.clock.now()
    this.joinTimer = new Alarm(surroundings.clock)
    this.syncTimer = new Alarm(surroundings.clock)
  }

  /** A group that had no members when it was last stored. */
  static restore(
    id: string,
    surroundings: GroupSurroundings,
    was: { generation: number; protocolType: string; emptySinceMs: number },
  ): Group {
    const group = new Group(id, surroundings)
    group.generation = was.generation
    group.protocolType = was.protocolType
    group.#stateSinceMs = was.emptySinceMs
    return group
  }

  get state(): GroupState {
    return this.#state
  }

  get stateSinceMs(): number {
    return this.#stateSinceMs
  }

  enter(state: GroupState): void {
    this.#state = state
    this.#stateSinceMs = this.surroundings.clock.now()
  }

  /** The maximum over all members. */
  get rebalanceTimeoutMs(): number {
    return this.members.values().reduce((maximum, member) => Math.max(maximum, member.rebalanceTimeoutMs), 0)
  }

  get joiningCount(): number {
    return this.members.values().reduce((count, member) => count + (member.isJoining ? 1 : 0), 0)
  }

  get haveAllJoined(): boolean {
    return this.#pendingJoins.size === 0 && this.members.values().every(member => member.isJoining)
  }

  /** There is no member, and no client is about to join. */
  get isDeserted(): boolean {
    return this.#state === 'Empty' && this.members.size === 0 && this.#pendingJoins.size === 0
  }

  memberOfInstance(instanceId: string): Member | undefined {
    const id = this.#idByInstance.get(instanceId)
    return id === undefined ? undefined : this.members.get(id)
  }

  /** The error for a request of this member; undefined if the request is valid. */
  refusal(memberId: string, instanceId: string | null): ErrorCode | undefined {
    if (instanceId !== null) {
      const known = this.#idByInstance.get(instanceId)
      if (known === undefined) return ERROR.UNKNOWN_MEMBER_ID
      if (known !== memberId) return ERROR.FENCED_INSTANCE_ID
    }
    return this.members.has(memberId) ? undefined : ERROR.UNKNOWN_MEMBER_ID
  }

  add(id: string, request: JoinRequest): Member {
    const member = new Member(id, request, this.surroundings.clock)
    if (this.members.size === 0) this.protocolType = request.protocolType
    this.members.set(id, member)
    if (member.instanceId !== null) this.#idByInstance.set(member.instanceId, id)
    this.leaderId ??= id
    this.forgetPendingJoin(id)
    return member
  }

  /** Its waiting requests get UNKNOWN_MEMBER_ID, which makes the client join again. */
  remove(member: Member): void {
    this.members.delete(member.id)
    if (member.instanceId !== null) this.#idByInstance.delete(member.instanceId)
    if (this.leaderId === member.id) this.leaderId = this.members.keys().next().value
    member.end(ERROR.UNKNOWN_MEMBER_ID, NO_MEMBER_ID)
  }

  /** Gives the place of a static member to a new member with the same instance id. Waiting requests of the former member are fenced. */
  replace(former: Member, id: string, request: JoinRequest): Member {
    const member = new Member(id, request, this.surroundings.clock)
    member.isNew = false
    member.assignment = former.assignment
    this.members.delete(former.id)
    this.members.set(id, member)
    if (member.instanceId !== null) this.#idByInstance.set(member.instanceId, id)
    if (this.leaderId === former.id) this.leaderId = id
    if (this.pendingSyncs.delete(former.id)) this.pendingSyncs.add(id)
    former.end(ERROR.FENCED_INSTANCE_ID, former.id)
    return member
  }

  isPendingJoin(memberId: string): boolean {
    return this.#pendingJoins.has(memberId)
  }

  addPendingJoin(memberId: string, cancel: Cancel): void {
    this.#pendingJoins.set(memberId, cancel)
  }

  forgetPendingJoin(memberId: string): void {
    this.#pendingJoins.get(memberId)?.()
    this.#pendingJoins.delete(memberId)
  }

  /** Ends the group; all waiting requests get `error`. */
  end(error: ErrorCode): void {
    this.joinTimer.clear()
    this.syncTimer.clear()
    for (const memberId of this.#pendingJoins.keys()) this.forgetPendingJoin(memberId)
    const members = [...this.members.values()]
    this.members.clear()
    this.#idByInstance.clear()
    this.leaderId = undefined
    for (const member of members) member.end(error, member.id)
  }
}
