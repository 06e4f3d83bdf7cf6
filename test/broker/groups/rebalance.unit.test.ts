import { describe, expect, test } from 'vitest'
import { ERROR } from '../../../broker/errors.ts'
import { NEW_MEMBER_JOIN_TIMEOUT_MS } from '../../../broker/groups/rebalance.ts'
import { GROUP, GroupUnderTest, protocols, REBALANCE_MS, SESSION_MS } from './group-under-test.ts'

describe('a member that joins again without changes', () => {
  test('gets the current generation if it is a follower in a stable group', () => {
    const group = new GroupUnderTest()
    const {
      ids: [leader = '', follower = ''],
    } = group.start(2)
    expect(group.join({ memberId: follower }).result).toMatchObject({
      error: ERROR.NONE,
      generation: 1,
      leaderId: leader,
      members: [],
      memberId: follower,
      protocolName: 'range',
    })
    expect(group.state).toBe('Stable')
    expect(group.sync(follower, 1).result?.assignment.toString()).toBe(`work of ${follower}`)
  })

  test('gets the current generation, and the leader the members, while the group waits for the assignment', () => {
    const group = new GroupUnderTest()
    const {
      ids: [leader = '', follower = ''],
    } = group.start(2, [], { synced: false })
    expect(group.join({ memberId: follower }).result).toMatchObject({ generation: 1, members: [] })
    expect(group.join({ memberId: leader }).result?.members).toHaveLength(2)
    expect(group.state).toBe('CompletingRebalance')
  })

  test('starts a rebalance if it is the leader of a stable group', () => {
    const group = new GroupUnderTest()
    const {
      ids: [leader = '', follower = ''],
    } = group.start(2)
    const rejoined = group.join({ memberId: leader })
    expect(group.heartbeat(follower, 1)).toBe(ERROR.REBALANCE_IN_PROGRESS)
    group.join({ memberId: follower })
    expect(rejoined.result).toMatchObject({ generation: 2, leaderId: leader })
  })
})

test.each(['Stable', 'CompletingRebalance'] as const)('a follower that joins again with changes starts a rebalance in state %s', state => {
  const group = new GroupUnderTest()
  const {
    ids: [leader = '', follower = ''],
  } = group.start(2, [], { synced: state === 'Stable' })
  expect(group.state).toBe(state)
  const changed = [{ name: 'range', metadata: Buffer.from('other topics') }]
  group.join({ memberId: follower, protocols: changed })
  expect(group.state).toBe('PreparingRebalance')
  const rejoined = group.join({ memberId: leader })
  expect(rejoined.result?.members[1]?.metadata.toString()).toBe('other topics')
})

test('a member that joins while the group waits for the assignment makes the waiting syncs fail', () => {
  const group = new GroupUnderTest()
  const {
    ids: [leader = '', follower = ''],
  } = group.start(2, [], { synced: false })
  const sync = group.sync(follower, 1)
  group.join()
  expect(sync.result?.error).toBe(ERROR.REBALANCE_IN_PROGRESS)
  expect(group.sync(leader, 1).result?.error).toBe(ERROR.REBALANCE_IN_PROGRESS)
})

test('a leader that does not join again within the rebalance timeout is removed, and another member leads', () => {
  const group = new GroupUnderTest()
  const {
    ids: [leader = '', follower = ''],
  } = group.start(2)
  const newcomer = group.join()
  const rejoined = group.join({ memberId: follower })
  for (let waited = 0; waited < REBALANCE_MS; waited += 5_000) {
    group.heartbeat(leader, 1)
    expect(rejoined.result).toBeUndefined()
    group.clock.advance(5_000)
  }
  expect(rejoined.result).toMatchObject({ generation: 2, leaderId: follower })
  expect(rejoined.result?.members.map(({ memberId }) => memberId)).toEqual([follower, newcomer.result?.memberId])
  expect(group.join({ memberId: leader }).result?.error).toBe(ERROR.UNKNOWN_MEMBER_ID)
})

test('the maximum rebalance timeout of all members applies', () => {
  const group = new GroupUnderTest()
  const {
    ids: [, patient = ''],
  } = group.start(2, [{}, { rebalanceTimeoutMs: 2 * REBALANCE_MS, sessionTimeoutMs: 1_000_000 }])
  const newcomer = group.join()
  group.clock.advance(2 * REBALANCE_MS - 1)
  expect(newcomer.result).toBeUndefined()
  group.clock.advance(1)
  expect(newcomer.result?.generation).toBe(2)
  expect(group.heartbeat(patient, 2)).toBe(ERROR.UNKNOWN_MEMBER_ID)
})

describe('a silent member', () => {
  test('is removed when its session times out, and the others share its partitions', () => {
    const group = new GroupUnderTest()
    const {
      ids: [leader = '', follower = ''],
    } = group.start(2)
    group.clock.advance(SESSION_MS - 1)
    expect(group.heartbeat(leader, 1)).toBe(ERROR.NONE)
    group.clock.advance(1)
    expect(group.heartbeat(leader, 1)).toBe(ERROR.REBALANCE_IN_PROGRESS)
    expect(group.heartbeat(follower, 1)).toBe(ERROR.UNKNOWN_MEMBER_ID)
    expect(group.join({ memberId: leader }).result).toMatchObject({ generation: 2, members: [{ memberId: leader }] })
  })

  test('is not waited for by a rebalance after its session has timed out', () => {
    const group = new GroupUnderTest()
    const {
      ids: [leader = ''],
    } = group.start(2)
    const rejoined = group.join({ memberId: leader })
    group.clock.advance(SESSION_MS)
    expect(rejoined.result?.generation).toBe(2)
  })

  test('leaves an empty group if it was the last one', () => {
    const group = new GroupUnderTest()
    group.start(1)
    group.clock.advance(SESSION_MS)
    expect(group.state).toBe('Empty')
    expect(group.generations).toEqual([1, 2])
    expect(group.clock.timerCount).toBe(0)
  })

  test('stays a member while it commits offsets', () => {
    const group = new GroupUnderTest()
    const {
      ids: [only = ''],
    } = group.start(1)
    for (let round = 0; round < 5; round++) {
      group.clock.advance(SESSION_MS - 1)
      expect(group.coordinator.checkCommit({ groupId: GROUP, memberId: only, generation: 1, instanceId: null })).toBe(ERROR.NONE)
    }
    expect(group.state).toBe('Stable')
  })

  test('stays a member while its join or sync is waiting, and its session starts at the response', () => {
    const group = new GroupUnderTest()
    const long = { sessionTimeoutMs: 100_000 }
    const {
      ids: [leader = '', follower = ''],
    } = group.start(2, [long])
    const newcomer = group.join(long)
    const rejoined = group.join({ memberId: follower })
    group.clock.advance(2 * SESSION_MS)
    group.join({ ...long, memberId: leader })
    expect(rejoined.result?.generation).toBe(2)
    const sync = group.sync(follower, 2)
    group.clock.advance(2 * SESSION_MS)
    group.sync(leader, 2)
    group.sync(newcomer.result!.memberId, 2)
    expect(sync.result?.error).toBe(ERROR.NONE)
    group.clock.advance(SESSION_MS - 1)
    expect(group.state).toBe('Stable')
    group.clock.advance(1)
    expect(group.state).toBe('PreparingRebalance')
  })

  test('stays a member while its join is waiting, also after a heartbeat', () => {
    const group = new GroupUnderTest()
    const {
      ids: [, follower = ''],
    } = group.start(2, [{ sessionTimeoutMs: 100_000 }])
    const rejoined = group.join({ memberId: follower, protocols: protocols('range', 'other') })
    expect(group.heartbeat(follower, 1)).toBe(ERROR.REBALANCE_IN_PROGRESS)
    group.clock.advance(2 * SESSION_MS)
    expect(rejoined.result).toBeUndefined()
    expect(group.coordinator.get(GROUP)?.members.has(follower)).toBe(true)
  })

  test('is removed if it does not fetch its assignment within the rebalance timeout, despite heartbeats', () => {
    const group = new GroupUnderTest()
    const {
      ids: [leader = '', follower = ''],
      generation,
    } = group.start(2, [], { synced: false })
    group.sync(leader, generation)
    for (let waited = 0; waited < REBALANCE_MS; waited += 5_000) {
      expect([group.heartbeat(leader, 1), group.heartbeat(follower, 1)]).toEqual([ERROR.NONE, ERROR.NONE])
      group.clock.advance(5_000)
    }
    expect(group.heartbeat(leader, 1)).toBe(ERROR.REBALANCE_IN_PROGRESS)
    expect(group.heartbeat(follower, 1)).toBe(ERROR.UNKNOWN_MEMBER_ID)
  })

  test('is removed if it is the leader and sends no assignment within the rebalance timeout, and another member leads', () => {
    const group = new GroupUnderTest()
    const {
      ids: [, follower = ''],
      generation,
    } = group.start(2, [{ sessionTimeoutMs: 100_000 }], { synced: false })
    const sync = group.sync(follower, generation)
    group.clock.advance(REBALANCE_MS)
    expect(sync.result?.error).toBe(ERROR.REBALANCE_IN_PROGRESS)
    expect(group.join({ memberId: follower }).result).toMatchObject({ generation: 2, leaderId: follower })
  })

  test('is removed if it is new and its join waits for very long', () => {
    const group = new GroupUnderTest()
    const long = { sessionTimeoutMs: 1_000_000, rebalanceTimeoutMs: 2 * NEW_MEMBER_JOIN_TIMEOUT_MS }
    const {
      ids: [leader = ''],
    } = group.start(1, [long])
    const newcomer = group.join(long)
    group.clock.advance(NEW_MEMBER_JOIN_TIMEOUT_MS)
    expect(newcomer.result).toMatchObject({ error: ERROR.UNKNOWN_MEMBER_ID, memberId: '' })
    expect(group.join({ ...long, memberId: leader }).result?.members).toHaveLength(1)
  })
})

test('a member without an assignment from the leader gets an empty one', () => {
  const group = new GroupUnderTest()
  const {
    ids: [leader = '', follower = ''],
  } = group.start(2, [], { synced: false })
  const sync = group.sync(follower, 1)
  group.sync(leader, 1, {
    assignments: new Map([
      [leader, Buffer.from('all')],
      ['stranger', Buffer.from('x')],
    ]),
  })
  expect(sync.result).toMatchObject({ error: ERROR.NONE, assignment: Buffer.alloc(0) })
})

test('a member without a new assignment from the leader loses its previous one', () => {
  const group = new GroupUnderTest()
  const {
    ids: [leader = '', follower = ''],
  } = group.start(2)
  group.join({ memberId: leader })
  group.join({ memberId: follower })
  group.sync(leader, 2)
  expect(group.sync(follower, 2).result).toMatchObject({ error: ERROR.NONE, assignment: Buffer.alloc(0) })
})

test('a second join of a member replaces the first', () => {
  const group = new GroupUnderTest()
  const {
    ids: [leader = '', follower = ''],
  } = group.start(2)
  const first = group.join({ memberId: leader })
  const second = group.join({ memberId: leader })
  expect(first.result).toMatchObject({ error: ERROR.REBALANCE_IN_PROGRESS, memberId: leader })
  group.join({ memberId: follower })
  expect(second.result?.generation).toBe(2)
})

test('the coordinator counts groups by state, and members', () => {
  const group = new GroupUnderTest()
  group.start(3)
  group.join({ groupId: 'other' })
  expect(group.coordinator.counts()).toEqual({ members: 4, groups: { Empty: 0, PreparingRebalance: 1, CompletingRebalance: 0, Stable: 1 } })
})
