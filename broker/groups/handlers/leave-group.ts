import { ERROR } from '../../errors.ts'
import type { Handler } from '../../server/handler.ts'
import type { leaveGroup } from '../../wire/tables/leave-group.ts'
import type { Coordinator } from '../coordinator.ts'

/** The first version in which several members may leave in one request. */
const BATCHED_SINCE = 3

export function leaveGroupHandler(coordinator: Coordinator): Handler<typeof leaveGroup> {
  return (request, { version }) => {
    const isBatched = version >= BATCHED_SINCE
    const leavers = isBatched ? request.members : [{ memberId: request.memberId, groupInstanceId: null }]
    const outcome = coordinator.leave(
      request.groupId,
      leavers.map(({ memberId, groupInstanceId }) => ({ memberId, instanceId: groupInstanceId })),
    )
    if (!Array.isArray(outcome)) return { errorCode: outcome }
    if (!isBatched) return { errorCode: outcome[0] ?? ERROR.NONE }
    const members = leavers.map(({ memberId, groupInstanceId }, index) => ({
      memberId,
      groupInstanceId,
      errorCode: outcome[index] ?? ERROR.NONE,
    }))
    return { errorCode: ERROR.NONE, members }
  }
}
