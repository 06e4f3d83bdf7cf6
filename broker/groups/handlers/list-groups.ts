import { ERROR } from '../../errors.ts'
import type { OffsetStore } from '../../offsets/offset-store.ts'
import type { Handler } from '../../server/handler.ts'
import type { listGroups } from '../../wire/tables/list-groups.ts'
import type { Coordinator } from '../coordinator.ts'

/** Lists all groups, or those in one of the given states. The case of the state names does not matter. */
export function listGroupsHandler(coordinator: Coordinator, store: OffsetStore): Handler<typeof listGroups> {
  return ({ statesFilter }) => {
    const states = new Set(statesFilter.map(state => state.trim().toLowerCase()))
    const withMembers = Array.from(coordinator.all(), group => ({
      groupId: group.id,
      protocolType: group.protocolType ?? '',
      groupState: group.state,
    }))
    const withOffsets = store
      .groups()
      .filter(groupId => !coordinator.get(groupId))
      .map(groupId => ({ groupId, protocolType: '', groupState: 'Empty' as const }))
    const groups = [...withMembers, ...withOffsets].filter(({ groupState }) => states.size === 0 || states.has(groupState.toLowerCase()))
    return { errorCode: ERROR.NONE, groups }
  }
}
