import { expect, test } from 'vitest'
import { ERROR } from '../../../broker/errors.ts'
import { GROUP, GroupUnderTest } from './group-under-test.ts'

const NOBODY = { groupId: GROUP, memberId: '', instanceId: null, generation: -1 }

test('without a generation only an empty group takes offsets', () => {
  const group = new GroupUnderTest()
  expect(group.coordinator.checkCommit(NOBODY)).toBeUndefined()
  const {
    ids: [only = ''],
  } = group.start(1)
  expect(group.coordinator.checkCommit(NOBODY)).toBe(ERROR.UNKNOWN_MEMBER_ID)
  expect(group.coordinator.checkCommit({ ...NOBODY, memberId: only })).toBe(ERROR.ILLEGAL_GENERATION)
  group.coordinator.leave(GROUP, [{ memberId: only, instanceId: null }])
  expect(group.coordinator.checkCommit(NOBODY)).toBe(ERROR.NONE)
  expect(group.coordinator.checkCommit({ ...NOBODY, memberId: only, generation: 1 })).toBe(ERROR.UNKNOWN_MEMBER_ID)
})

test('a member commits in its generation, while joins are collected too, but not while the assignment is awaited', () => {
  const group = new GroupUnderTest()
  const {
    ids: [leader = '', follower = ''],
  } = group.start(2)
  const speaker = { ...NOBODY, memberId: follower, generation: 1 }
  expect(group.coordinator.checkCommit(speaker)).toBe(ERROR.NONE)
  expect(group.coordinator.checkCommit({ ...speaker, generation: 0 })).toBe(ERROR.ILLEGAL_GENERATION)
  expect(group.coordinator.checkCommit({ ...speaker, memberId: 'invented' })).toBe(ERROR.UNKNOWN_MEMBER_ID)
  group.join({ memberId: leader })
  expect(group.coordinator.checkCommit(speaker)).toBe(ERROR.NONE)
  group.join({ memberId: follower })
  expect(group.coordinator.checkCommit({ ...speaker, generation: 2 })).toBe(ERROR.REBALANCE_IN_PROGRESS)
  expect(group.coordinator.checkCommit(speaker)).toBe(ERROR.ILLEGAL_GENERATION)
})
