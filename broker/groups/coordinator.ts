import { ERROR, type ErrorCode } from '../errors.ts'
import { Group, type GroupState, type GroupSurroundings } from './group.ts'
import { join } from './join-phase.ts'
import { checkCommit, drop, heartbeat, leave, type MemberName } from './membership.ts'
import {
  refusedJoin,
  refusedSync,
  NO_MEMBER_ID,
  type JoinRequest,
  type JoinResult,
  type Respond,
  type SyncRequest,
  type SyncResult,
} from './results.ts'
import { sync } from './sync-phase.ts'

/** The sender of a request for a member of a group, in a generation. */
export interface Sender extends MemberName {
  readonly groupId: string
  readonly generation: number
}

/** All groups that have or had members. */
export class Coordinator {
  readonly #surroundings: GroupSurroundings
  readonly #groups = new Map<string, Group>()
  #isStopped = false

  constructor(surroundings: GroupSurroundings) {
    this.#surroundings = surroundings
  }

  /** Restores a group from before the start of the broker. Its members must join again. */
  restore(groupId: string, was: { generation: number; protocolType: string; emptySinceMs: number }): void {
    this.#groups.set(groupId, Group.restore(groupId, this.#surroundings, was))
  }

  get(groupId: string): Group | undefined {
    return this.#groups.get(groupId)
  }

  all(): MapIterator<Group> {
    return this.#groups.values()
  }

  join(request: JoinRequest, respond: Respond<JoinResult>): void {
    const { groupId, memberId } = request
    const refusal = this.#refusal(groupId) ?? this.#sessionRefusal(request)
    if (refusal !== undefined) return respond(refusedJoin(refusal, memberId))
    const known = this.#groups.get(groupId)
    if (!known && memberId !== NO_MEMBER_ID) return respond(refusedJoin(ERROR.UNKNOWN_MEMBER_ID, memberId))
    const group = known ?? new Group(groupId, this.#surroundings)
    this.#groups.set(groupId, group)
    join(group, request, respond)
    if (!known && group.isDeserted) this.#groups.delete(groupId)
  }

  sync(request: SyncRequest, respond: Respond<SyncResult>): void {
    const refusal = this.#refusal(request.groupId)
    const group = this.#groups.get(request.groupId)
    if (refusal !== undefined || !group) return respond(refusedSync(refusal ?? ERROR.UNKNOWN_MEMBER_ID))
    sync(group, request, respond)
  }

  heartbeat(sender: Sender): ErrorCode {
    const group = this.#groups.get(sender.groupId)
    return this.#refusal(sender.groupId) ?? (group ? heartbeat(group, sender) : ERROR.UNKNOWN_MEMBER_ID)
  }

  /** The outcome for each member that leaves, or the error that applies to all. */
  leave(groupId: string, leavers: readonly MemberName[]): ErrorCode | ErrorCode[] {
    const refusal = this.#refusal(groupId)
    if (refusal !== undefined) return refusal
    const group = this.#groups.get(groupId)
    return group ? leave(group, leavers) : leavers.map(() => ERROR.UNKNOWN_MEMBER_ID)
  }

  /** As `checkCommit`; undefined if the group has never had members. */
  checkCommit(sender: Sender): ErrorCode | undefined {
    if (this.#isStopped) return ERROR.COORDINATOR_NOT_AVAILABLE
    const group = this.#groups.get(sender.groupId)
    return group && checkCommit(group, sender)
  }

  /** Call when the response that `respond` would give can no longer be sent. */
  drop(groupId: string, respond: Respond<JoinResult> | Respond<SyncResult>): void {
    const group = this.#groups.get(groupId)
    if (group) drop(group, respond)
  }

  delete(groupId: string): void {
    this.#groups.get(groupId)?.end(ERROR.UNKNOWN_MEMBER_ID)
    this.#groups.delete(groupId)
  }

  /** Responds to all waiting requests and sets no more timers. */
  stop(): void {
    this.#isStopped = true
    for (const group of this.#groups.values()) group.end(ERROR.COORDINATOR_NOT_AVAILABLE)
  }

  counts(): { members: number; groups: Record<GroupState, number> } {
    const groups = { Empty: 0, PreparingRebalance: 0, CompletingRebalance: 0, Stable: 0 }
    let members = 0
    for (const group of this.#groups.values()) {
      groups[group.state]++
      members += group.members.size
    }
    return { members, groups }
  }

  #refusal(groupId: string): ErrorCode | undefined {
    if (this.#isStopped) return ERROR.COORDINATOR_NOT_AVAILABLE
    return groupId === '' ? ERROR.INVALID_GROUP_ID : undefined
  }

  #sessionRefusal({ sessionTimeoutMs }: JoinRequest): ErrorCode | undefined {
    const { minSessionTimeoutMs, maxSessionTimeoutMs } = this.#surroundings.settings
    return sessionTimeoutMs < minSessionTimeoutMs || sessionTimeoutMs > maxSessionTimeoutMs ? ERROR.INVALID_SESSION_TIMEOUT : undefined
  }
}
