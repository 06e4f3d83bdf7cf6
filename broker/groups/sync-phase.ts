import { ERROR, type ErrorCode } from '../errors.ts'
import type { Group } from './group.ts'
import type { Member } from './member.ts'
import { keepAlive } from './rebalance.ts'
import { NO_ASSIGNMENT, refusedSync, type Respond, type SyncRequest, type SyncResult } from './results.ts'

/** A member asks for its assignment; the leader sends the assignments of all members. Followers wait for the leader. */
export function sync(group: Group, request: SyncRequest, respond: Respond<SyncResult>): void {
  const refusal = checkSync(group, request)
  if (refusal !== undefined) return respond(refusedSync(refusal))
  const member = group.members.get(request.memberId)!
  group.pendingSyncs.delete(member.id)
  if (group.state === 'Stable') return respond(assigned(group, member))
  member.waitForSync(respond)
  if (group.leaderId === member.id) assign(group, request.assignments)
}

function checkSync(group: Group, { memberId, instanceId, generation, protocolType, protocolName }: SyncRequest): ErrorCode | undefined {
  const refusal = group.refusal(memberId, instanceId)
  if (refusal !== undefined) return refusal
  if (generation !== group.generation) return ERROR.ILLEGAL_GENERATION
  if (differs(protocolType, group.protocolType) || differs(protocolName, group.protocolName)) return ERROR.INCONSISTENT_GROUP_PROTOCOL
  return group.state === 'PreparingRebalance' ? ERROR.REBALANCE_IN_PROGRESS : undefined
}

function differs(said: string | null, known: string | undefined): boolean {
  return said !== null && known !== undefined && said !== known
}

/** A member without an assignment from the leader gets an empty one. */
function assign(group: Group, assignments: ReadonlyMap<string, Buffer>): void {
  const members = [...group.members.values()]
  for (const member of members) member.assignment = assignments.get(member.id) ?? NO_ASSIGNMENT
  group.enter('Stable')
  for (const member of members) {
    if (!member.isSyncing) continue
    member.answerSync(assigned(group, member))
    keepAlive(group, member)
  }
}

function assigned(group: Group, { assignment }: Member): SyncResult {
  return { error: ERROR.NONE, protocolType: group.protocolType ?? null, protocolName: group.protocolName ?? null, assignment }
}
