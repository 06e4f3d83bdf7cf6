import type { Call, Handler } from '../../server/handler.ts'
import type { RequestOf, ResponseOf } from '../../wire/api.ts'
import type { joinGroup } from '../../wire/tables/join-group.ts'
import type { Coordinator } from '../coordinator.ts'
import type { JoinRequest, JoinResult } from '../results.ts'
import { waitFor } from './wait-for.ts'

const REBALANCE_TIMEOUT_SINCE = 1
const KNOWN_ID_SINCE = 4
const SKIP_ASSIGNMENT_SINCE = 9

export function joinGroupHandler(coordinator: Coordinator): Handler<typeof joinGroup> {
  return async (request, call) => {
    const result = await waitFor<JoinResult>(
      call.signal,
      respond => coordinator.join(asJoinRequest(request, call), respond),
      respond => coordinator.drop(request.groupId, respond),
    )
    return result && asResponse(result)
  }
}

/** Copies the metadata, which is kept longer than the bytes of the request. */
function asJoinRequest(request: RequestOf<typeof joinGroup>, { version, clientId, clientHost }: Call): JoinRequest {
  const { groupId, memberId, groupInstanceId, sessionTimeoutMs, protocolType } = request
  return {
    groupId,
    memberId,
    instanceId: groupInstanceId,
    clientId: clientId ?? '',
    clientHost,
    sessionTimeoutMs,
    rebalanceTimeoutMs: version < REBALANCE_TIMEOUT_SINCE ? sessionTimeoutMs : request.rebalanceTimeoutMs,
    protocolType,
    protocols: request.protocols.map(({ name, metadata }) => ({ name, metadata: Buffer.from(metadata) })),
    requiresKnownId: version >= KNOWN_ID_SINCE,
    canSkipAssignment: version >= SKIP_ASSIGNMENT_SINCE,
  }
}

function asResponse({
  error,
  generation,
  protocolType,
  protocolName,
  leaderId,
  skipAssignment,
  memberId,
  members,
}: JoinResult): ResponseOf<typeof joinGroup> {
  return {
    errorCode: error,
    generationId: generation,
    protocolType,
    protocolName,
    leader: leaderId,
    skipAssignment,
    memberId,
    members: members.map(member => ({ memberId: member.memberId, groupInstanceId: member.instanceId, metadata: member.metadata })),
  }
}
