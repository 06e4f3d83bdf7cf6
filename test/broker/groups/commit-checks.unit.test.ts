import { expect, test } from 'vitest'
import { ERROR } from '../../../broker/errors.ts'
import { GROUP, GroupUnderTest } from './group-under-test.ts'

const NO_MEMBER = { groupId: GROUP, memberId: '', instanceId: null, generation: -1 }

test('a commit without a generation is accepted only for an empty group', () => {
  const group = new GroupUnderTest()
  expect(group.coordinator.checkCommit(NO_MEMBER)).toBeUndefined()
  const {
    ids: [only = ''],
  } = group.start(1)
  expect(group.coordinator.checkCommit(NO_MEMBER)).toBe(ERROR.UNKNOWN_MEMBER_ID)
  expect(group.coordinator.checkCommit({ ...NO_MEMBER, memberId: only })).toBe(ERROR.ILLEGAL_GENERATION)
  group.coordinator.leave(GROUP, [{ memberId: only, instanceId: null }])
  expect(group.coordinator.checkCommit(NO_MEMBER)).toBe(ERROR.NONE)
  expect(group.coordinator.checkCommit({ ...NO_MEMBER, memberId: only, generation: 1 })).toBe(ERROR.UNKNOWN_MEMBER_ID)
})

test('a member may commit in its generation, also during the join phase, but not before the leader has sent the assignment', () => {
  const group = new GroupUnderTest()
  const {
    ids: [leader = '', follower = ''],
  } = group.start(2)
  const sender = { ...NO_MEMBER, memberId: follower, generation: 1 }
  expect(group.coordinator.checkCommit(sender)).toBe(ERROR.NONE)
  expect(group.coordinator.checkCommit({ ...sender, generation: 0 })).toBe(ERROR.ILLEGAL_GENERATION)
  expect(group.coordinator.checkCommit({ ...sender, memberId: 'invented' })).toBe(ERROR.UNKNOWN_MEMBER_ID)
  group.join({ memberId: leader })
  expect(group.coordinator.checkCommit(sender)).toBe(ERROR.NONE)
  group.join({ memberId: follower })
  expect(group.coordinator.checkCommit({ ...sender, generation: 2 })).toBe(ERROR.REBALANCE_IN_PROGRESS)
  expect(group.coordinator.checkCommit(sender)).toBe(ERROR.ILLEGAL_GENERATION)
})
