import { describe, expect, test } from 'vitest'
import { ERROR } from '../../../broker/errors.ts'
import { GROUP, GroupUnderTest, protocols, REBALANCE_MS, SESSION_MS } from './group-under-test.ts'

describe('a client that can join in two steps', () => {
  test('gets an id first, and becomes a member when it joins with the id', () => {
    const group = new GroupUnderTest()
    const first = group.join({ requiresKnownId: true })
    expect(first.result).toMatchObject({ error: ERROR.MEMBER_ID_REQUIRED, memberId: 'client-1', generation: -1 })
    const second = group.join({ requiresKnownId: true, memberId: 'client-1' })
    group.clock.advance(0)
    expect(second.result).toMatchObject({ error: ERROR.NONE, memberId: 'client-1', generation: 1, leaderId: 'client-1' })
  })

  test('is waited for by a running rebalance', () => {
    const group = new GroupUnderTest()
    const {
      ids: [leader = ''],
    } = group.start(1)
    const newcomer = group.join({ requiresKnownId: true }).result!.memberId
    const rejoined = group.join({ memberId: leader })
    expect(rejoined.result).toBeUndefined()
    group.join({ memberId: newcomer, requiresKnownId: true })
    expect(rejoined.result).toMatchObject({ generation: 2, members: [{ memberId: leader }, { memberId: newcomer }] })
  })

  test('is waited for no longer than its session timeout', () => {
    const group = new GroupUnderTest()
    const {
      ids: [leader = ''],
    } = group.start(1)
    const newcomer = group.join({ requiresKnownId: true }).result!.memberId
    const rejoined = group.join({ memberId: leader })
    group.clock.advance(SESSION_MS - 1)
    expect(rejoined.result).toBeUndefined()
    group.clock.advance(1)
    expect(rejoined.result).toMatchObject({ generation: 2, members: [{ memberId: leader }] })
    expect(group.join({ memberId: newcomer, requiresKnownId: true }).result?.error).toBe(ERROR.UNKNOWN_MEMBER_ID)
  })

  test('does not delay the others if it leaves with its id before it has joined', () => {
    const group = new GroupUnderTest()
    const {
      ids: [leader = ''],
    } = group.start(1)
    const newcomer = group.join({ requiresKnownId: true }).result!.memberId
    const rejoined = group.join({ memberId: leader })
    expect(group.coordinator.leave(GROUP, [{ memberId: newcomer, instanceId: null }])).toEqual([ERROR.NONE])
    expect(rejoined.result).toMatchObject({ generation: 2 })
  })

  test('may not send an instance id with an id that was assigned without one', () => {
    const group = new GroupUnderTest()
    const memberId = group.join({ requiresKnownId: true }).result!.memberId
    expect(group.join({ memberId, instanceId: 'one', requiresKnownId: true }).result?.error).toBe(ERROR.UNKNOWN_MEMBER_ID)
  })
})

describe('a join is refused', () => {
  test.each([
    ['without a group id', { groupId: '' }, ERROR.INVALID_GROUP_ID],
    ['with a session that is too short', { sessionTimeoutMs: 5_999 }, ERROR.INVALID_SESSION_TIMEOUT],
    ['with a session that is too long', { sessionTimeoutMs: 1_800_001 }, ERROR.INVALID_SESSION_TIMEOUT],
    ['with a member id that was never assigned', { memberId: 'invented' }, ERROR.UNKNOWN_MEMBER_ID],
    ['without protocols', { protocols: [] }, ERROR.INCONSISTENT_GROUP_PROTOCOL],
    ['without a protocol type', { protocolType: '' }, ERROR.INCONSISTENT_GROUP_PROTOCOL],
  ])('%s, and creates no group', (_, given, error) => {
    const group = new GroupUnderTest()
    expect(group.join(given).result).toMatchObject({ error, memberId: (given as { memberId?: string }).memberId ?? '', generation: -1 })
    expect([...group.coordinator.all()]).toEqual([])
  })

  test.each([
    ['with another protocol type than the members', { protocolType: 'connect' }],
    ['without a protocol that all members support', { protocols: protocols('sticky', 'roundrobin') }],
  ])('%s', (_, given) => {
    const group = new GroupUnderTest()
    group.start(2, [{ protocols: protocols('range', 'sticky') }, { protocols: protocols('roundrobin', 'range') }])
    expect(group.join(given).result?.error).toBe(ERROR.INCONSISTENT_GROUP_PROTOCOL)
    expect(group.state).toBe('Stable')
  })

  test('with an unknown member id', () => {
    const group = new GroupUnderTest()
    group.start(1)
    expect(group.join({ memberId: 'invented' }).result).toMatchObject({ error: ERROR.UNKNOWN_MEMBER_ID, memberId: 'invented' })
  })
})

test('an empty group may change its protocol type', () => {
  const group = new GroupUnderTest()
  const {
    ids: [only = ''],
  } = group.start(1)
  group.coordinator.leave(GROUP, [{ memberId: only, instanceId: null }])
  const join = group.join({ protocolType: 'connect', protocols: protocols('eager') })
  group.clock.advance(0)
  expect(join.result).toMatchObject({ error: ERROR.NONE, protocolType: 'connect', protocolName: 'eager', generation: 3 })
})

describe('a full group', () => {
  test('refuses further members', () => {
    const group = new GroupUnderTest({ maxSize: 2 })
    group.start(2)
    expect(group.join().result).toMatchObject({ error: ERROR.GROUP_MAX_SIZE_REACHED, memberId: '' })
    expect(group.state).toBe('Stable')
  })

  test('refuses the last members to join during the join phase, with or without an id', () => {
    const group = new GroupUnderTest({ maxSize: 2 })
    const required = group.join({ requiresKnownId: true }).result!.memberId
    const joins = [group.join(), group.join()]
    expect(group.join().result?.error).toBe(ERROR.GROUP_MAX_SIZE_REACHED)
    expect(group.join({ memberId: required }).result?.error).toBe(ERROR.GROUP_MAX_SIZE_REACHED)
    group.clock.advance(0)
    expect(joins.map(({ result }) => result?.error)).toEqual([ERROR.NONE, ERROR.NONE])
  })

  test('does not wait for a member that it has refused', () => {
    const group = new GroupUnderTest({ maxSize: 2 })
    const {
      ids: [leader = ''],
    } = group.start(1)
    const late = group.join({ requiresKnownId: true }).result!.memberId
    const second = group.join()
    const rejoined = group.join({ memberId: leader })
    expect(rejoined.result).toBeUndefined()
    expect(group.join({ memberId: late }).result?.error).toBe(ERROR.GROUP_MAX_SIZE_REACHED)
    expect([rejoined.result?.generation, second.result?.generation]).toEqual([2, 2])
  })

  test('accepts a second join of a member whose first join is waiting', () => {
    const group = new GroupUnderTest({ maxSize: 1, initialRebalanceDelayMs: 3_000 })
    const memberId = group.join({ requiresKnownId: true }).result!.memberId
    group.join({ memberId })
    const again = group.join({ memberId })
    group.clock.advance(3_000)
    expect(again.result).toMatchObject({ error: ERROR.NONE, generation: 1 })
  })

  test('removes a member whose place was taken while it was disconnected', () => {
    const group = new GroupUnderTest({ maxSize: 2 })
    const {
      ids: [leader = '', slow = ''],
    } = group.start(2)
    const rejoined = group.join({ memberId: leader })
    group.coordinator.leave(GROUP, [])
    const other = group.join()
    expect(group.join({ memberId: slow }).result?.error).toBe(ERROR.GROUP_MAX_SIZE_REACHED)
    expect([rejoined.result?.generation, other.result?.generation]).toEqual([2, 2])
    expect(group.heartbeat(slow, 2)).toBe(ERROR.UNKNOWN_MEMBER_ID)
  })
})

describe('the first generation of an empty group', () => {
  const INITIAL_MS = 3_000

  test('waits for more members, and longer while they join', () => {
    const group = new GroupUnderTest({ initialRebalanceDelayMs: INITIAL_MS })
    const first = group.join()
    group.clock.advance(INITIAL_MS - 1)
    const second = group.join()
    group.clock.advance(INITIAL_MS)
    expect(first.result).toBeUndefined()
    group.clock.advance(1)
    expect(first.result?.members).toHaveLength(2)
    expect(second.result?.generation).toBe(1)
  })

  test('waits no longer than the rebalance timeout, no matter how many members join', () => {
    const group = new GroupUnderTest({ initialRebalanceDelayMs: INITIAL_MS })
    const first = group.join()
    let waitedMs = 0
    for (; !first.result && waitedMs < 2 * REBALANCE_MS; waitedMs += 1_000) {
      group.join()
      group.clock.advance(1_000)
    }
    expect(first.result).toBeDefined()
    expect(waitedMs).toBeGreaterThan(REBALANCE_MS - INITIAL_MS)
    expect(waitedMs).toBeLessThanOrEqual(REBALANCE_MS + INITIAL_MS)
  })

  test('starts when the rebalance timeout ends, even if a member joins at that moment', () => {
    const group = new GroupUnderTest({ initialRebalanceDelayMs: INITIAL_MS })
    const first = group.join()
    for (let waitedMs = 0; waitedMs < REBALANCE_MS - INITIAL_MS; waitedMs += INITIAL_MS) {
      group.join()
      group.clock.advance(INITIAL_MS)
    }
    group.join()
    let late = 0
    const joinAtOnce = (): void => {
      if (first.result || ++late > 10) return
      group.join()
      group.clock.setTimer(0, joinAtOnce)
    }
    group.clock.advance(1)
    group.clock.setTimer(INITIAL_MS - 1, joinAtOnce)
    expect(first.result).toBeUndefined()
    group.clock.advance(INITIAL_MS - 1)
    expect(first.result?.generation).toBe(1)
    expect(late).toBe(0)
  })

  test('does not start if all members have left before: the group is empty again', () => {
    const group = new GroupUnderTest({ initialRebalanceDelayMs: INITIAL_MS })
    const join = group.join()
    group.coordinator.leave(GROUP, [{ memberId: 'client-1', instanceId: null }])
    expect(join.result?.error).toBe(ERROR.UNKNOWN_MEMBER_ID)
    group.clock.advance(INITIAL_MS)
    expect(group.state).toBe('Empty')
    expect(group.clock.timerCount).toBe(0)
  })
})
