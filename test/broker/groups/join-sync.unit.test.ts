import { expect, test } from 'vitest'
import { ERROR } from '../../../broker/errors.ts'
import { GroupUnderTest } from './group-under-test.ts'

test('the first member becomes the leader and gets the assignment that it sends for itself', () => {
  const group = new GroupUnderTest()
  const join = group.join()
  expect(join.result).toBeUndefined()
  group.clock.advance(0)
  const memberId = join.result!.memberId
  expect(join.result).toMatchObject({
    error: ERROR.NONE,
    generation: 1,
    leaderId: memberId,
    protocolName: 'range',
    protocolType: 'consumer',
    skipAssignment: false,
  })
  expect(join.result?.members).toEqual([{ memberId, instanceId: null, metadata: Buffer.from("range's metadata") }])
  expect(group.state).toBe('CompletingRebalance')
  const sync = group.sync(memberId, 1, { assignments: new Map([[memberId, Buffer.from('all')]]) })
  expect(sync.result).toEqual({ error: ERROR.NONE, assignment: Buffer.from('all'), protocolType: 'consumer', protocolName: 'range' })
  expect(group.state).toBe('Stable')
  expect(group.heartbeat(memberId, 1)).toBe(ERROR.NONE)
})

test('a second member makes the first one join again, and both get the assignment of the leader', () => {
  const group = new GroupUnderTest()
  const {
    ids: [leader = ''],
  } = group.start(1)
  const second = group.join()
  expect(group.heartbeat(leader, 1)).toBe(ERROR.REBALANCE_IN_PROGRESS)
  expect(second.result).toBeUndefined()
  const first = group.join({ memberId: leader })
  const follower = second.result!.memberId
  expect(first.result).toMatchObject({ generation: 2, leaderId: leader, memberId: leader })
  expect(first.result?.members.map(({ memberId }) => memberId)).toEqual([leader, follower])
  expect(second.result).toMatchObject({ generation: 2, leaderId: leader, members: [] })
  const waiting = group.sync(follower, 2)
  expect(waiting.result).toBeUndefined()
  const sync = group.sync(leader, 2, {
    assignments: new Map([
      [leader, Buffer.from('a')],
      [follower, Buffer.from('b')],
    ]),
  })
  expect([sync.result?.assignment.toString(), waiting.result?.assignment.toString()]).toEqual(['a', 'b'])
  expect(group.state).toBe('Stable')
})

test('a follower that syncs after the leader gets its assignment immediately', () => {
  const group = new GroupUnderTest()
  const {
    ids: [leader = '', follower = ''],
    generation,
  } = group.start(2, [], { synced: false })
  group.sync(leader, generation, { assignments: new Map([[follower, Buffer.from('b')]]) })
  expect(group.sync(follower, generation).result?.assignment.toString()).toBe('b')
})

test('a group is empty, in a new generation, after its last member has left', () => {
  const group = new GroupUnderTest()
  const {
    ids: [only = ''],
  } = group.start(1)
  expect(group.coordinator.leave('readers', [{ memberId: only, instanceId: null }])).toEqual([ERROR.NONE])
  expect(group.state).toBe('Empty')
  expect(group.coordinator.get('readers')?.generation).toBe(2)
  expect(group.clock.timerCount).toBe(0)
})
