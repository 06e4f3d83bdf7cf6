import { beforeEach, describe, expect, test } from 'vitest'
import { ERROR } from '../../../broker/errors.ts'
import * as tables from '../../../broker/wire/tables/index.ts'
import { GroupsOnTheWire, MINUTE_MS } from './groups-on-the-wire.ts'

let broker: GroupsOnTheWire

beforeEach(() => {
  broker = new GroupsOnTheWire()
})

describe('after a restart', () => {
  test('a group is empty and still has its protocol type, its generation and its offsets', async () => {
    const memberId = await broker.member()
    await broker.commit(8, { memberId, generationIdOrMemberEpoch: 1 })
    broker.restart()
    expect((await broker.ask(tables.listGroups, 4, {})).groups).toEqual([
      { groupId: 'readers', protocolType: 'consumer', groupState: 'Empty' },
    ])
    expect(await broker.ask(tables.heartbeat, 4, { groupId: 'readers', generationId: 1, memberId })).toMatchObject({
      errorCode: ERROR.UNKNOWN_MEMBER_ID,
    })
    expect((await broker.join(9)).generationId).toBe(2)
    expect(broker.store.fetch('readers', 'pings', 0)?.offset).toBe(42n)
  })

  test('the offsets of a group that had members are kept for the retention time from the restart on', async () => {
    const memberId = await broker.member(9, { sessionTimeoutMs: 1_800_000 })
    await broker.commit(8, { memberId, generationIdOrMemberEpoch: 1 })
    broker.clock.advance(29 * MINUTE_MS)
    broker.restart()
    broker.clock.advance(59 * MINUTE_MS)
    expect(broker.store.has('readers')).toBe(true)
    broker.clock.advance(MINUTE_MS)
    expect(broker.store.has('readers')).toBe(false)
  })

  test('the time that a group was empty before the restart counts for the retention', async () => {
    const memberId = await broker.member()
    await broker.commit(8, { memberId, generationIdOrMemberEpoch: 1 })
    await broker.ask(tables.leaveGroup, 0, { groupId: 'readers', memberId })
    broker.clock.advance(55 * MINUTE_MS)
    broker.restart()
    broker.clock.advance(10 * MINUTE_MS)
    expect(broker.store.has('readers')).toBe(false)
    expect((await broker.ask(tables.listGroups, 4, {})).groups).toEqual([])
  })
})

test('expired offsets are removed, and the group with the last of them', async () => {
  await broker.commit(8)
  await broker.commit(4, { groupId: 'brief', retentionTimeMs: 1n })
  broker.clock.advance(10 * MINUTE_MS)
  expect(broker.store.groups()).toEqual(['readers'])
  broker.clock.advance(50 * MINUTE_MS)
  expect(broker.store.groups()).toEqual([])
})
