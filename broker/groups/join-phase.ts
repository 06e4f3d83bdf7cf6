import { ERROR } from '../errors.ts'
import { setDeadline } from './clock.ts'
import type { Group } from './group.ts'
import type { Member } from './member.ts'
import { selectProtocol, sharesProtocol } from './protocol-selection.ts'
import { completeIfAllJoined, currentGeneration, dismiss, keepAlive, NEW_MEMBER_JOIN_TIMEOUT_MS, rebalance } from './rebalance.ts'
import { NO_MEMBER_ID, refusedJoin, type JoinRequest, type JoinResult, type Respond } from './results.ts'

/** A client joins, or a member joins again. The response is sent immediately or when the join phase ends. */
export function join(group: Group, request: JoinRequest, respond: Respond<JoinResult>): void {
  const { memberId, instanceId } = request
  const hasId = memberId !== NO_MEMBER_ID
  if (!hasRoom(group, memberId)) return refuseFull(group, memberId, respond)
  if (!fits(group, request)) return respond(refusedJoin(ERROR.INCONSISTENT_GROUP_PROTOCOL, memberId))
  if (!hasId) return instanceId === null ? joinNew(group, request, respond) : joinStatic(group, request, instanceId, respond)
  if (instanceId === null && group.isPendingJoin(memberId)) return enrol(group, memberId, request, respond)
  const refusal = group.refusal(memberId, instanceId)
  if (refusal !== undefined) return respond(refusedJoin(refusal, memberId))
  rejoin(group, group.members.get(memberId)!, request, respond)
}

/** During the join phase only waiting members count: the last ones to return may find no place. */
function hasRoom(group: Group, memberId: string): boolean {
  const { maxSize } = group.surroundings.settings
  const member = group.members.get(memberId)
  if (group.state === 'Empty') return true
  if (group.state === 'PreparingRebalance') return member?.isJoining || group.joiningCount < maxSize
  return member !== undefined || group.members.size < maxSize
}

function refuseFull(group: Group, memberId: string, respond: Respond<JoinResult>): void {
  const member = group.members.get(memberId)
  group.forgetPendingJoin(memberId)
  respond(refusedJoin(ERROR.GROUP_MAX_SIZE_REACHED))
  if (member) dismiss(group, member)
  else completeIfAllJoined(group)
}

function fits(group: Group, { protocolType, protocols }: JoinRequest): boolean {
  if (group.state === 'Empty') return protocolType !== '' && protocols.length > 0
  return group.protocolType === protocolType && sharesProtocol(group.members.values(), protocols)
}

function joinNew(group: Group, request: JoinRequest, respond: Respond<JoinResult>): void {
  const { clock, newMemberId } = group.surroundings
  const memberId = newMemberId(request.clientId)
  if (!request.requiresKnownId) return enrol(group, memberId, request, respond)
  const cancel = setDeadline(clock, request.sessionTimeoutMs, () => {
    group.forgetPendingJoin(memberId)
    completeIfAllJoined(group)
  })
  group.addPendingJoin(memberId, cancel)
  respond(refusedJoin(ERROR.MEMBER_ID_REQUIRED, memberId))
}

function enrol(group: Group, memberId: string, request: JoinRequest, respond: Respond<JoinResult>): void {
  if (group.initialDelay) group.initialDelay.hasNewMember = true
  const member = group.add(memberId, request)
  member.waitForJoin(respond)
  member.session.set(NEW_MEMBER_JOIN_TIMEOUT_MS, () => dismiss(group, member))
  rebalance(group)
}

function joinStatic(group: Group, request: JoinRequest, instanceId: string, respond: Respond<JoinResult>): void {
  const memberId = group.surroundings.newMemberId(instanceId)
  const former = group.memberOfInstance(instanceId)
  if (!former) return enrol(group, memberId, request, respond)
  const formerLeaderId = group.leaderId ?? NO_MEMBER_ID
  const member = group.replace(former, memberId, request)
  member.waitForJoin(respond)
  if (group.state === 'Stable' && selectProtocol(group.members.values()) === group.protocolName)
    resume(group, member, request, formerLeaderId)
  else rebalance(group)
}

/**
 * A static member that restarted gets its place back without a rebalance. If it was the leader, it must not assign again: newer clients get
 * a flag that says so, older ones get their former member id as the leader.
 */
function resume(group: Group, member: Member, request: JoinRequest, formerLeaderId: string): void {
  const current = currentGeneration(group, member)
  const result = request.canSkipAssignment
    ? { ...current, skipAssignment: group.leaderId === member.id }
    : { ...current, leaderId: formerLeaderId, members: [] }
  member.answerJoin(result)
  keepAlive(group, member)
}

/** A member that sends nothing new gets the current generation. A leader that joins again always starts a rebalance: only it knows why it wants a new assignment. */
function rejoin(group: Group, member: Member, request: JoinRequest, respond: Respond<JoinResult>): void {
  const isUnchanged = member.hasProtocols(request.protocols)
  const isLeader = group.leaderId === member.id
  const canContinue = isUnchanged && (group.state === 'CompletingRebalance' || (group.state === 'Stable' && !isLeader))
  if (canContinue) return respond(currentGeneration(group, member))
  member.update(request)
  member.waitForJoin(respond)
  rebalance(group)
}
