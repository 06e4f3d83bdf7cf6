import { ERROR } from '../../errors.ts'
import type { Handler } from '../../server/handler.ts'
import type { RequestOf, ResponseOf } from '../../wire/api.ts'
import type { syncGroup } from '../../wire/tables/sync-group.ts'
import type { Coordinator } from '../coordinator.ts'
import { refusedSync, type SyncRequest, type SyncResult } from '../results.ts'
import { waitFor } from './wait-for.ts'

/** The first version in which a member must name the protocol. */
const PROTOCOL_SINCE = 5

export function syncGroupHandler(coordinator: Coordinator): Handler<typeof syncGroup> {
  return async (request, { version, signal }) => {
    const isIncomplete = version >= PROTOCOL_SINCE && (request.protocolType === null || request.protocolName === null)
    if (isIncomplete) return asResponse(refusedSync(ERROR.INCONSISTENT_GROUP_PROTOCOL))
    const result = await waitFor<SyncResult>(
      signal,
      respond => coordinator.sync(asSyncRequest(request), respond),
      respond => coordinator.drop(request.groupId, respond),
    )
    return result && asResponse(result)
  }
}

/** Copies the assignments, which are kept longer than the bytes of the request. */
function asSyncRequest(request: RequestOf<typeof syncGroup>): SyncRequest {
  const { groupId, memberId, generationId, groupInstanceId, protocolType, protocolName, assignments } = request
  return {
    groupId,
    memberId,
    generation: generationId,
    instanceId: groupInstanceId,
    protocolType,
    protocolName,
    assignments: new Map(assignments.map(each => [each.memberId, Buffer.from(each.assignment)])),
  }
}

function asResponse({ error, protocolType, protocolName, assignment }: SyncResult): ResponseOf<typeof syncGroup> {
  return { errorCode: error, protocolType, protocolName, assignment }
}
