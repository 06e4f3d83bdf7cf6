import { describe, expect, test } from 'vitest'
import { ERROR } from '../../../broker/errors.ts'
import { GROUP, GroupUnderTest, protocols, SESSION_MS } from './group-under-test.ts'

describe('a member that leaves', () => {
  test('makes the others share its partitions', () => {
    const group = new GroupUnderTest()
    const {
      ids: [leader = '', follower = ''],
    } = group.start(2)
    expect(group.coordinator.leave(GROUP, [{ memberId: leader, instanceId: null }])).toEqual([ERROR.NONE])
    expect(group.heartbeat(follower, 1)).toBe(ERROR.REBALANCE_IN_PROGRESS)
    expect(group.join({ memberId: follower }).result).toMatchObject({ generation: 2, leaderId: follower })
  })

  test('may leave together with others, each with its own outcome', () => {
    const group = new GroupUnderTest()
    const {
      ids: [leader = '', follower = ''],
    } = group.start(2)
    const leavers = [leader, 'invented', follower].map(memberId => ({ memberId, instanceId: null }))
    expect(group.coordinator.leave(GROUP, leavers)).toEqual([ERROR.NONE, ERROR.UNKNOWN_MEMBER_ID, ERROR.NONE])
    expect(group.state).toBe('Empty')
  })

  test('gets a response to its waiting request', () => {
    const group = new GroupUnderTest()
    const {
      ids: [leader = '', follower = ''],
    } = group.start(2, [], { synced: false })
    const sync = group.sync(follower, 1)
    group.coordinator.leave(GROUP, [{ memberId: follower, instanceId: null }])
    expect(sync.result?.error).toBe(ERROR.UNKNOWN_MEMBER_ID)
    const rejoined = group.join({ memberId: leader })
    expect(rejoined.result?.generation).toBe(2)
  })

  test('leaves no timer if it was the last one, before any assignment', () => {
    const group = new GroupUnderTest()
    const {
      ids: [only = ''],
    } = group.start(1, [], { synced: false })
    group.coordinator.leave(GROUP, [{ memberId: only, instanceId: null }])
    expect(group.state).toBe('Empty')
    expect(group.clock.timerCount).toBe(0)
  })

  test('lets a rebalance end that waited only for it', () => {
    const group = new GroupUnderTest()
    const {
      ids: [leader = '', follower = ''],
    } = group.start(2)
    const rejoined = group.join({ memberId: leader })
    group.coordinator.leave(GROUP, [{ memberId: follower, instanceId: null }])
    expect(rejoined.result?.generation).toBe(2)
  })

  test.each([
    ['other', ERROR.UNKNOWN_MEMBER_ID],
    ['', ERROR.INVALID_GROUP_ID],
  ])('is refused if its group %o does not exist', (groupId, error) => {
    expect([new GroupUnderTest().coordinator.leave(groupId, [{ memberId: 'a', instanceId: null }])].flat()).toEqual([error])
  })
})

describe('a connection that closes while', () => {
  test('a new member joins: the member is removed immediately', () => {
    const group = new GroupUnderTest()
    const {
      ids: [leader = ''],
    } = group.start(1)
    const newcomer = group.join()
    const rejoined = group.join({ memberId: leader, protocols: protocols('range') })
    expect(rejoined.result?.members).toHaveLength(2)
    const another = group.join()
    group.coordinator.drop(GROUP, another.respond)
    expect(another.result?.error).toBe(undefined)
    expect(group.join({ memberId: leader }).result).toBeUndefined()
    expect(group.join({ memberId: newcomer.result!.memberId }).result?.generation).toBe(3)
    expect(group.coordinator.get(GROUP)?.members.size).toBe(2)
  })

  test('a member joins again: it may return until its session times out', () => {
    const group = new GroupUnderTest()
    const {
      ids: [leader = '', follower = ''],
    } = group.start(2, [{ sessionTimeoutMs: 1_000_000 }])
    const lost = group.join({ memberId: leader })
    group.coordinator.drop(GROUP, lost.respond)
    group.clock.advance(SESSION_MS - 1)
    const rejoined = group.join({ memberId: follower })
    expect(rejoined.result).toBeUndefined()
    const again = group.join({ memberId: leader })
    expect(again.result).toMatchObject({ error: ERROR.NONE, generation: 2, leaderId: leader })
    expect(lost.result).toBeUndefined()
  })

  test('a member joins again and does not return: the others continue after its session has timed out', () => {
    const group = new GroupUnderTest()
    const {
      ids: [leader = '', follower = ''],
    } = group.start(2)
    group.coordinator.drop(GROUP, group.join({ memberId: leader }).respond)
    const rejoined = group.join({ memberId: follower })
    group.clock.advance(SESSION_MS - 1)
    expect(rejoined.result).toBeUndefined()
    group.clock.advance(1)
    expect(rejoined.result).toMatchObject({ generation: 2, leaderId: follower })
  })

  test('a member syncs: it gets its assignment when it returns', () => {
    const group = new GroupUnderTest()
    const {
      ids: [leader = '', follower = ''],
    } = group.start(2, [], { synced: false })
    group.coordinator.drop(GROUP, group.sync(follower, 1).respond)
    group.sync(leader, 1, { assignments: new Map([[follower, Buffer.from('b')]]) })
    expect(group.sync(follower, 1).result?.assignment.toString()).toBe('b')
  })

  test('a member syncs and does not return: it is removed when its session times out', () => {
    const group = new GroupUnderTest()
    const {
      ids: [leader = '', follower = ''],
    } = group.start(2, [{ sessionTimeoutMs: 1_000_000 }], { synced: false })
    group.coordinator.drop(GROUP, group.sync(follower, 1).respond)
    group.sync(leader, 1)
    group.clock.advance(SESSION_MS)
    expect(group.heartbeat(follower, 1)).toBe(ERROR.UNKNOWN_MEMBER_ID)
    expect(group.heartbeat(leader, 1)).toBe(ERROR.REBALANCE_IN_PROGRESS)
  })

  test('no request waits: nothing happens', () => {
    const group = new GroupUnderTest()
    const {
      ids: [leader = ''],
    } = group.start(1)
    group.coordinator.drop(GROUP, group.join({ memberId: leader }).respond)
    group.coordinator.drop('other', () => {})
    expect(group.state).toBe('CompletingRebalance')
  })
})

test('a broker that stops responds to all waiting requests, refuses new ones and leaves no timer', () => {
  const group = new GroupUnderTest()
  const {
    ids: [leader = '', follower = ''],
  } = group.start(2, [], { synced: false })
  const waiting = [group.sync(follower, 1), group.join({ groupId: 'other' }), group.join({ groupId: 'third', requiresKnownId: true })]
  group.coordinator.stop()
  expect(waiting.map(({ result }) => result?.error)).toEqual([
    ERROR.COORDINATOR_NOT_AVAILABLE,
    ERROR.COORDINATOR_NOT_AVAILABLE,
    ERROR.MEMBER_ID_REQUIRED,
  ])
  expect(group.clock.timerCount).toBe(0)
  expect(group.join().result?.error).toBe(ERROR.COORDINATOR_NOT_AVAILABLE)
  expect(group.sync(leader, 1).result?.error).toBe(ERROR.COORDINATOR_NOT_AVAILABLE)
  expect(group.heartbeat(leader, 1)).toBe(ERROR.COORDINATOR_NOT_AVAILABLE)
  expect(group.coordinator.leave(GROUP, [])).toBe(ERROR.COORDINATOR_NOT_AVAILABLE)
  expect(group.coordinator.checkCommit({ groupId: GROUP, memberId: leader, generation: 1, instanceId: null })).toBe(
    ERROR.COORDINATOR_NOT_AVAILABLE,
  )
  expect(group.clock.timerCount).toBe(0)
})
