import type { Handler } from '../../server/handler.ts'
import type { heartbeat } from '../../wire/tables/heartbeat.ts'
import type { Coordinator } from '../coordinator.ts'

export function heartbeatHandler(coordinator: Coordinator): Handler<typeof heartbeat> {
  return ({ groupId, memberId, generationId, groupInstanceId }) => ({
    errorCode: coordinator.heartbeat({ groupId, memberId, generation: generationId, instanceId: groupInstanceId }),
  })
}
