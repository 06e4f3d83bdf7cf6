import { describe, expect, test } from 'vitest'
import { ERROR } from '../../../broker/errors.ts'
import { GROUP, GroupUnderTest, protocols, REBALANCE_MS, SESSION_MS } from './group-under-test.ts'

const LEADER = { instanceId: 'one' }
const FOLLOWER = { instanceId: 'two' }

test('a static member joins in one step', () => {
  const group = new GroupUnderTest()
  const join = group.join({ ...LEADER, requiresKnownId: true })
  group.clock.advance(0)
  expect(join.result).toMatchObject({ error: ERROR.NONE, memberId: 'one-1', members: [{ memberId: 'one-1', instanceId: 'one' }] })
})

describe('a static member that restarts', () => {
  test('gets a new id and its old assignment, without a rebalance', () => {
    const group = new GroupUnderTest()
    const {
      ids: [leader = '', follower = ''],
    } = group.start(2, [LEADER, FOLLOWER])
    const join = group.join({ ...FOLLOWER, requiresKnownId: true })
    const memberId = join.result!.memberId
    expect(memberId).not.toBe(follower)
    expect(join.result).toMatchObject({ error: ERROR.NONE, generation: 1, leaderId: leader, members: [], skipAssignment: false })
    expect(group.sync(memberId, 1, FOLLOWER).result?.assignment.toString()).toBe(`work of ${follower}`)
    expect(group.heartbeat(leader, 1, 'one')).toBe(ERROR.NONE)
    expect(group.state).toBe('Stable')
  })

  test('fences its former member id', () => {
    const group = new GroupUnderTest()
    const {
      ids: [, follower = ''],
    } = group.start(2, [LEADER, FOLLOWER])
    group.join(FOLLOWER)
    expect(group.heartbeat(follower, 1, 'two')).toBe(ERROR.FENCED_INSTANCE_ID)
    expect(group.sync(follower, 1, FOLLOWER).result?.error).toBe(ERROR.FENCED_INSTANCE_ID)
    expect(group.join({ ...FOLLOWER, memberId: follower }).result?.error).toBe(ERROR.FENCED_INSTANCE_ID)
    expect(group.coordinator.leave(GROUP, [{ memberId: follower, instanceId: 'two' }])).toEqual([ERROR.FENCED_INSTANCE_ID])
    expect(group.coordinator.checkCommit({ groupId: GROUP, memberId: follower, generation: 1, instanceId: 'two' })).toBe(
      ERROR.FENCED_INSTANCE_ID,
    )
    expect(group.heartbeat(follower, 1)).toBe(ERROR.UNKNOWN_MEMBER_ID)
  })

  test('fences the waiting requests of its former member id', () => {
    const group = new GroupUnderTest()
    const {
      ids: [, follower = ''],
    } = group.start(2, [LEADER, FOLLOWER], { synced: false })
    const sync = group.sync(follower, 1, FOLLOWER)
    const join = group.join(FOLLOWER)
    expect(sync.result?.error).toBe(ERROR.FENCED_INSTANCE_ID)
    expect(group.state).toBe('PreparingRebalance')
    group.join(FOLLOWER)
    expect(join.result).toMatchObject({ error: ERROR.FENCED_INSTANCE_ID })
  })

  test('gets the flag to skip the assignment if it was the leader and understands it', () => {
    const group = new GroupUnderTest()
    group.start(2, [LEADER, FOLLOWER])
    const { result } = group.join({ ...LEADER, canSkipAssignment: true })
    expect(result).toMatchObject({ generation: 1, skipAssignment: true, leaderId: result?.memberId })
    expect(result?.members.map(({ instanceId }) => instanceId)).toEqual(['two', 'one'])
  })

  test('gets its former member id as the leader if it was the leader and does not understand the flag', () => {
    const group = new GroupUnderTest()
    const {
      ids: [leader = ''],
    } = group.start(2, [LEADER, FOLLOWER])
    const { result } = group.join(LEADER)
    expect(result).toMatchObject({ generation: 1, skipAssignment: false, leaderId: leader, members: [] })
    expect(result?.memberId).not.toBe(leader)
    expect(group.sync(result!.memberId, 1, LEADER).result?.assignment.toString()).toBe(`work of ${leader}`)
  })

  test('starts a rebalance when it joins again if it was the leader', () => {
    const group = new GroupUnderTest()
    group.start(2, [LEADER, FOLLOWER])
    const memberId = group.join(LEADER).result!.memberId
    expect(group.join({ ...LEADER, memberId }).result).toBeUndefined()
    expect(group.state).toBe('PreparingRebalance')
  })

  test('starts a rebalance if the group selects another protocol because of it', () => {
    const group = new GroupUnderTest()
    group.start(1, [{ ...LEADER, protocols: protocols('range', 'sticky') }])
    const join = group.join({ ...LEADER, protocols: protocols('sticky', 'range') })
    expect(join.result).toMatchObject({ generation: 2, protocolName: 'sticky' })
  })

  test('takes its place in a running rebalance', () => {
    const group = new GroupUnderTest()
    const {
      ids: [leader = ''],
    } = group.start(2, [LEADER, FOLLOWER])
    const rejoined = group.join({ ...LEADER, memberId: leader })
    const restarted = group.join(FOLLOWER)
    expect(rejoined.result).toMatchObject({ generation: 2, leaderId: leader })
    expect(restarted.result?.generation).toBe(2)
  })

  test('must still fetch the assignment if its former member id had not', () => {
    const group = new GroupUnderTest()
    const {
      ids: [leader = ''],
    } = group.start(2, [LEADER, { ...FOLLOWER, sessionTimeoutMs: 100_000 }], { synced: false })
    group.sync(leader, 1, LEADER)
    const memberId = group.join({ ...FOLLOWER, sessionTimeoutMs: 100_000 }).result!.memberId
    for (let waited = 0; waited < REBALANCE_MS; waited += 5_000) {
      expect(group.heartbeat(leader, 1, 'one')).toBe(ERROR.NONE)
      group.clock.advance(5_000)
    }
    expect(group.heartbeat(memberId, 1, 'two')).toBe(ERROR.UNKNOWN_MEMBER_ID)
  })
})

describe('a static member that is disconnected', () => {
  test('keeps its place if its connection breaks while it returns', () => {
    const group = new GroupUnderTest()
    const {
      ids: [leader = ''],
    } = group.start(3, [LEADER, FOLLOWER])
    group.join({ ...LEADER, memberId: leader })
    group.coordinator.drop(GROUP, group.join(FOLLOWER).respond)
    expect(group.coordinator.get(GROUP)?.memberOfInstance('two')).toBeDefined()
  })

  test('keeps its place in a rebalance that it does not take part in', () => {
    const group = new GroupUnderTest()
    const long = { sessionTimeoutMs: 1_000_000 }
    const {
      ids: [leader = '', away = ''],
    } = group.start(2, [
      { ...LEADER, ...long },
      { ...FOLLOWER, ...long },
    ])
    const rejoined = group.join({ ...LEADER, ...long, memberId: leader })
    group.clock.advance(REBALANCE_MS)
    expect(rejoined.result?.members.map(({ memberId }) => memberId)).toEqual([leader, away])
  })

  test('is removed when its session times out', () => {
    const group = new GroupUnderTest()
    const {
      ids: [leader = ''],
    } = group.start(2, [LEADER, FOLLOWER])
    group.clock.advance(SESSION_MS - 1)
    group.heartbeat(leader, 1, 'one')
    group.clock.advance(1)
    expect(group.join({ ...LEADER, memberId: leader }).result?.members).toHaveLength(1)
    expect(group.heartbeat('another', 2, 'two')).toBe(ERROR.UNKNOWN_MEMBER_ID)
  })

  test('does not lead if it does not return', () => {
    const group = new GroupUnderTest()
    const {
      ids: [, follower = ''],
    } = group.start(2, [{ ...LEADER, sessionTimeoutMs: 1_000_000 }, FOLLOWER])
    const newcomer = group.join()
    const rejoined = group.join({ ...FOLLOWER, memberId: follower })
    group.clock.advance(REBALANCE_MS)
    expect(rejoined.result).toMatchObject({ generation: 2, leaderId: follower })
    expect(newcomer.result?.leaderId).toBe(follower)
  })

  test('blocks the group until its session times out if no member returns', () => {
    const group = new GroupUnderTest()
    group.start(2, [{ sessionTimeoutMs: 6_000 }, { ...FOLLOWER, sessionTimeoutMs: 1_000_000 }])
    group.clock.advance(REBALANCE_MS + 6_000)
    expect(group.state).toBe('PreparingRebalance')
    expect(group.coordinator.get(GROUP)?.members.size).toBe(1)
    group.clock.advance(1_000_000)
    expect(group.state).toBe('Empty')
    expect(group.clock.timerCount).toBe(0)
  })
})

describe('an operator', () => {
  test('can remove a static member by its instance id alone', () => {
    const group = new GroupUnderTest()
    const {
      ids: [leader = ''],
    } = group.start(2, [LEADER, FOLLOWER])
    expect(group.coordinator.leave(GROUP, [{ memberId: '', instanceId: 'two' }])).toEqual([ERROR.NONE])
    expect(group.join({ ...LEADER, memberId: leader }).result?.members).toHaveLength(1)
  })

  test('gets an error if the instance does not exist', () => {
    const group = new GroupUnderTest()
    group.start(1, [LEADER])
    const leavers = [
      { memberId: '', instanceId: 'three' },
      { memberId: '', instanceId: null },
    ]
    expect(group.coordinator.leave(GROUP, leavers)).toEqual([ERROR.UNKNOWN_MEMBER_ID, ERROR.UNKNOWN_MEMBER_ID])
    expect(group.state).toBe('Stable')
  })
})
