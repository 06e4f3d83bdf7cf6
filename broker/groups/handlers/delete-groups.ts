import { ERROR, ProtocolError, type ErrorCode } from '../../errors.ts'
import type { OffsetStore } from '../../offsets/offset-store.ts'
import type { Handler } from '../../server/handler.ts'
import { oneByOne } from '../../server/one-by-one.ts'
import type { deleteGroups } from '../../wire/tables/delete-groups.ts'
import type { Coordinator } from '../coordinator.ts'

/** Deletes groups without members, with their offsets. */
export function deleteGroupsHandler(coordinator: Coordinator, store: OffsetStore): Handler<typeof deleteGroups> {
  return async ({ groupsNames }) => ({
    results: await oneByOne(groupsNames, groupId => ({ groupId, errorCode: deleteGroup(groupId, coordinator, store) })),
  })
}

function deleteGroup(groupId: string, coordinator: Coordinator, store: OffsetStore): ErrorCode {
  const group = coordinator.get(groupId)
  if (group && group.state !== 'Empty') return ERROR.NON_EMPTY_GROUP
  if (!group && !store.has(groupId)) return ERROR.GROUP_ID_NOT_FOUND
  try {
    store.deleteGroup(groupId)
  } catch (error) {
    if (error instanceof ProtocolError) return ERROR.COORDINATOR_NOT_AVAILABLE
    throw error
  }
  coordinator.delete(groupId)
  return ERROR.NONE
}
