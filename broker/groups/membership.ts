import { ERROR, type ErrorCode } from '../errors.ts'
import type { Group } from './group.ts'
import { completeIfAllJoined, dismiss, keepAlive, rebalance } from './rebalance.ts'
import { NO_MEMBER_ID, type JoinResult, type Respond, type SyncResult } from './results.ts'

export interface MemberName {
  readonly memberId: string
  readonly instanceId: string | null
}

/** Keeps a member alive, and notifies it if it must join again. */
export function heartbeat(group: Group, { memberId, instanceId, generation }: MemberName & { generation: number }): ErrorCode {
  const refusal = group.refusal(memberId, instanceId)
  if (refusal !== undefined) return refusal
  if (generation !== group.generation) return ERROR.ILLEGAL_GENERATION
  const member = group.members.get(memberId)
  if (member) keepAlive(group, member)
  return group.state === 'PreparingRebalance' ? ERROR.REBALANCE_IN_PROGRESS : ERROR.NONE
}

/** The outcome for each member, in order. An operator may name a static member by its instance id alone. */
export function leave(group: Group, leavers: readonly MemberName[]): ErrorCode[] {
  const sizeBefore = group.members.size
  const outcomes = leavers.map(leaver => removeLeaver(group, leaver))
  if (group.members.size < sizeBefore) rebalance(group)
  else completeIfAllJoined(group)
  return outcomes
}

function removeLeaver(group: Group, { memberId, instanceId }: MemberName): ErrorCode {
  if (memberId !== NO_MEMBER_ID && group.isPendingJoin(memberId)) {
    group.forgetPendingJoin(memberId)
    return ERROR.NONE
  }
  const isNamedByInstance = memberId === NO_MEMBER_ID && instanceId !== null
  const member = isNamedByInstance ? group.memberOfInstance(instanceId) : group.members.get(memberId)
  const refusal = isNamedByInstance ? undefined : group.refusal(memberId, instanceId)
  if (refusal !== undefined || !member) return refusal ?? ERROR.UNKNOWN_MEMBER_ID
  group.remove(member)
  return ERROR.NONE
}

/**
 * Whether this member may commit offsets. A client that does not join groups commits without a generation, which is allowed only if the
 * group has no members.
 */
export function checkCommit(group: Group, { memberId, instanceId, generation }: MemberName & { generation: number }): ErrorCode {
  if (generation < 0 && group.state === 'Empty') return ERROR.NONE
  if (generation < 0 && memberId === NO_MEMBER_ID && instanceId === null) return ERROR.UNKNOWN_MEMBER_ID
  const refusal = group.refusal(memberId, instanceId)
  if (refusal !== undefined) return refusal
  if (generation !== group.generation) return ERROR.ILLEGAL_GENERATION
  if (group.state === 'CompletingRebalance') return ERROR.REBALANCE_IN_PROGRESS
  const member = group.members.get(memberId)
  if (member) keepAlive(group, member)
  return ERROR.NONE
}

/**
 * The connection for the response is closed. A member that never got a response has no assignment and is removed; any other may return
 * until its session times out.
 */
export function drop(group: Group, respond: Respond<JoinResult> | Respond<SyncResult>): void {
  const member = group.members.values().find(candidate => candidate.waitsFor(respond))
  if (!member) return
  member.dropWaiting()
  if (member.isNew) dismiss(group, member)
  else keepAlive(group, member)
}
