import { describe, expect, test } from 'vitest'
import { ERROR } from '../../../broker/errors.ts'
import { GROUP, GroupUnderTest } from './group-under-test.ts'

describe('a sync is refused', () => {
  test.each([
    ['of an unknown group', { groupId: 'other' }, ERROR.UNKNOWN_MEMBER_ID],
    ['without a group id', { groupId: '' }, ERROR.INVALID_GROUP_ID],
    ['of an unknown member', { memberId: 'invented' }, ERROR.UNKNOWN_MEMBER_ID],
    ['of an unknown instance', { instanceId: 'invented' }, ERROR.UNKNOWN_MEMBER_ID],
    ['of another generation', { generation: 2 }, ERROR.ILLEGAL_GENERATION],
    ['with another protocol type', { protocolType: 'connect' }, ERROR.INCONSISTENT_GROUP_PROTOCOL],
    ['with another protocol', { protocolType: 'consumer', protocolName: 'sticky' }, ERROR.INCONSISTENT_GROUP_PROTOCOL],
  ])('%s', (_, given, error) => {
    const group = new GroupUnderTest()
    const {
      ids: [leader = ''],
    } = group.start(1, [], { synced: false })
    expect(group.sync(leader, 1, given).result).toMatchObject({ error, protocolName: null })
    expect(group.state).toBe('CompletingRebalance')
  })
})

describe('a heartbeat is refused', () => {
  test.each([
    ['of an unknown group', ['client-1', 1, null, 'other'], ERROR.UNKNOWN_MEMBER_ID],
    ['without a group id', ['client-1', 1, null, ''], ERROR.INVALID_GROUP_ID],
    ['of an unknown member', ['invented', 1, null, GROUP], ERROR.UNKNOWN_MEMBER_ID],
    ['of another generation', ['client-1', 0, null, GROUP], ERROR.ILLEGAL_GENERATION],
    ['of an unknown instance', ['client-1', 1, 'one', GROUP], ERROR.UNKNOWN_MEMBER_ID],
  ] as const)('%s', (_, [memberId, generation, instanceId, groupId], error) => {
    const group = new GroupUnderTest()
    group.start(1)
    expect(group.coordinator.heartbeat({ groupId, memberId, generation, instanceId })).toBe(error)
  })
})
