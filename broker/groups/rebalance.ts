import { ERROR } from '../errors.ts'
import { MINUTE_MS } from '../time-units.ts'
import type { Group } from './group.ts'
import type { Member } from './member.ts'
import { selectProtocol } from './protocol-selection.ts'
import { NO_ASSIGNMENT, refusedSync, type JoinedMember, type JoinResult } from './results.ts'

/** A new member whose join waits longer than this is considered dead; a live client tries again. */
export const NEW_MEMBER_JOIN_TIMEOUT_MS = 5 * MINUTE_MS
/** Minimum time between two checks of a group of static members that no member has rejoined. */
const MIN_RETRY_MS = 100

/** Starts a join phase or, if one is running, checks whether it is complete. */
export function rebalance(group: Group): void {
  if (group.state === 'PreparingRebalance') completeIfAllJoined(group)
  else prepare(group)
}

function prepare(group: Group): void {
  const isFirst = group.state === 'Empty'
  const isAwaitingAssignment = group.state === 'CompletingRebalance'
  group.pendingSyncs.clear()
  group.syncTimer.clear()
  group.enter('PreparingRebalance')
  if (isAwaitingAssignment) refuseSyncs(group)
  if (isFirst) {
    const { initialRebalanceDelayMs } = group.surroundings.settings
    delayFirst(group, initialRebalanceDelayMs, Math.max(group.rebalanceTimeoutMs - initialRebalanceDelayMs, 0))
  } else if (group.haveAllJoined) {
    complete(group)
  } else {
    group.joinTimer.set(group.rebalanceTimeoutMs, () => complete(group))
  }
}

function refuseSyncs(group: Group): void {
  for (const member of group.members.values()) {
    member.assignment = NO_ASSIGNMENT
    if (!member.isSyncing) continue
    member.answerSync(refusedSync(ERROR.REBALANCE_IN_PROGRESS))
    keepAlive(group, member)
  }
}

/** Extends the delay while new members join, up to the rebalance timeout. */
function delayFirst(group: Group, delayMs: number, remainingMs: number): void {
  const delay = { hasNewMember: false }
  group.initialDelay = delay
  group.joinTimer.set(delayMs, () => {
    const nextMs = Math.min(group.surroundings.settings.initialRebalanceDelayMs, remainingMs)
    if (!delay.hasNewMember || nextMs === 0) return complete(group)
    delayFirst(group, nextMs, Math.max(remainingMs - delayMs, 0))
  })
}

export function completeIfAllJoined(group: Group): void {
  if (group.state === 'PreparingRebalance' && !group.initialDelay && group.haveAllJoined) complete(group)
}

/** Ends the join phase. Members that did not join are removed; static members keep their place until their session times out. */
function complete(group: Group): void {
  group.joinTimer.clear()
  group.initialDelay = undefined
  for (const member of group.members.values()) {
    if (!member.isJoining && member.instanceId === null) group.remove(member)
  }
  if (group.members.size === 0) return becomeEmpty(group)
  const leader = electLeader(group)
  if (!leader) {
    group.joinTimer.set(Math.max(group.rebalanceTimeoutMs, MIN_RETRY_MS), () => complete(group))
    return
  }
  group.leaderId = leader.id
  beginGeneration(group)
}

function becomeEmpty(group: Group): void {
  group.generation++
  group.protocolName = undefined
  group.enter('Empty')
  group.surroundings.onGeneration(group)
}

/** The leader stays the same if it has joined. */
function electLeader(group: Group): Member | undefined {
  const leader = group.leaderId === undefined ? undefined : group.members.get(group.leaderId)
  return leader?.isJoining ? leader : group.members.values().find(member => member.isJoining)
}

function beginGeneration(group: Group): void {
  group.generation++
  group.protocolName = selectProtocol(group.members.values())
  group.enter('CompletingRebalance')
  const members = [...group.members.values()]
  for (const { id } of members) group.pendingSyncs.add(id)
  group.syncTimer.set(group.rebalanceTimeoutMs, () => removeUnsynced(group))
  group.surroundings.onGeneration(group)
  const results = members.map(member => currentGeneration(group, member))
  for (const [index, member] of members.entries()) {
    member.isNew = false
    member.answerJoin(results[index]!)
    keepAlive(group, member)
  }
}

/** The current generation in a response: only the leader gets the list of members. */
export function currentGeneration(group: Group, member: Member): JoinResult {
  const { generation, protocolType = null, protocolName = null, leaderId = '' } = group
  const members = leaderId === member.id && protocolName !== null ? listMembers(group, protocolName) : []
  return { error: ERROR.NONE, memberId: member.id, generation, protocolType, protocolName, leaderId, skipAssignment: false, members }
}

function listMembers(group: Group, protocolName: string): JoinedMember[] {
  return Array.from(group.members.values(), member => ({
    memberId: member.id,
    instanceId: member.instanceId,
    metadata: member.metadata(protocolName),
  }))
}

/** A member that joined but never fetched its assignment would hold partitions that no member reads. */
function removeUnsynced(group: Group): void {
  if (group.pendingSyncs.size === 0) return
  for (const memberId of group.pendingSyncs) {
    const member = group.members.get(memberId)
    if (member) group.remove(member)
  }
  rebalance(group)
}

/** Restarts the session timeout. A member whose request is waiting has no session timeout. */
export function keepAlive(group: Group, member: Member): void {
  if (member.isJoining || member.isSyncing) return
  member.session.set(member.sessionTimeoutMs, () => dismiss(group, member))
}

/** Removes a member. Then the join phase may be complete, or the others must share its work. */
export function dismiss(group: Group, member: Member): void {
  group.remove(member)
  if (group.state === 'PreparingRebalance') completeIfAllJoined(group)
  else if (group.state !== 'Empty') rebalance(group)
}
