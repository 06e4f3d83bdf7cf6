import { ERROR } from '../../errors.ts'
import type { OffsetStore } from '../../offsets/offset-store.ts'
import type { Handler } from '../../server/handler.ts'
import { oneByOne } from '../../server/one-by-one.ts'
import type { ResponseOf } from '../../wire/api.ts'
import { GROUP_OPERATIONS, operations } from '../../wire/operations.ts'
import type { describeGroups } from '../../wire/tables/describe-groups.ts'
import type { Coordinator } from '../coordinator.ts'
import type { Group } from '../group.ts'
import type { Member } from '../member.ts'
import { NO_ASSIGNMENT } from '../results.ts'

type Described = NonNullable<ResponseOf<typeof describeGroups>['groups']>[number]

const UNKNOWN_GROUP_STATE = 'Dead'

export function describeGroupsHandler(coordinator: Coordinator, store: OffsetStore): Handler<typeof describeGroups> {
  return async ({ groups, includeAuthorizedOperations }) => {
    const authorizedOperations = operations(includeAuthorizedOperations, GROUP_OPERATIONS)
    return {
      groups: await oneByOne([...new Set(groups)], groupId => ({
        ...describe(groupId, coordinator.get(groupId), store.has(groupId)),
        authorizedOperations,
      })),
    }
  }
}

/** A group with offsets that never had members is Empty. An unknown group is Dead, which is not an error. */
function describe(groupId: string, group: Group | undefined, hasOffsets: boolean): Described {
  const groupState = group?.state ?? (hasOffsets ? 'Empty' : UNKNOWN_GROUP_STATE)
  const protocolData = group?.state === 'Stable' ? (group.protocolName ?? '') : ''
  const members = Array.from(group?.members.values() ?? [], member => describeMember(member, protocolData))
  return { errorCode: ERROR.NONE, groupId, groupState, protocolType: group?.protocolType ?? '', protocolData, members }
}

/** The metadata is given only once the protocol is selected, since each protocol has its own. */
function describeMember(member: Member, protocolName: string): Described['members'][number] {
  const { id, instanceId, clientId, clientHost, assignment } = member
  const memberMetadata = protocolName === '' ? NO_ASSIGNMENT : member.metadata(protocolName)
  return { memberId: id, groupInstanceId: instanceId, clientId, clientHost, memberMetadata, memberAssignment: assignment }
}
