import { beforeEach, describe, expect, test } from 'vitest'
import { ERROR } from '../../../broker/errors.ts'
import * as tables from '../../../broker/wire/tables/index.ts'
import { busy, GroupsOnTheWire, othersAreServedDuring, versionsOf } from './groups-on-the-wire.ts'

let broker: GroupsOnTheWire

beforeEach(() => {
  broker = new GroupsOnTheWire()
})

describe('FindCoordinator', () => {
  const HERE = { errorCode: 0, nodeId: 7, host: 'kafka.test', port: 9094 }

  test.each(versionsOf(tables.findCoordinator))('v%i returns this broker for every group', async version => {
    const answer = await broker.ask(tables.findCoordinator, version, { key: 'readers', keyType: 0, coordinatorKeys: ['readers', 'others'] })
    if (version < 4) expect(answer).toMatchObject(HERE)
    else
      expect(answer.coordinators).toMatchObject([
        { key: 'readers', ...HERE },
        { key: 'others', ...HERE },
      ])
  })

  test.each([3, 4])('v%i tells a transactional client that transactions are not supported', async version => {
    const answer = await broker.ask(tables.findCoordinator, version, { key: 'tx', keyType: 1, coordinatorKeys: ['tx'] })
    expect(version < 4 ? answer : answer.coordinators[0]).toMatchObject({
      errorCode: ERROR.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
      errorMessage: expect.stringContaining('does not support transactions'),
      nodeId: -1,
    })
  })

  test('refuses an unknown type of key', async () => {
    expect(await broker.ask(tables.findCoordinator, 1, { key: 'x', keyType: 2 })).toMatchObject({ errorCode: ERROR.INVALID_REQUEST })
  })
})

describe('JoinGroup and SyncGroup', () => {
  test.each(versionsOf(tables.joinGroup))('v%i create a member and give it its assignment', async version => {
    const answer = await broker.join(version)
    const { memberId } = answer
    expect(memberId).toMatch(/^kcat-[-0-9a-f]{36}$/)
    expect(answer).toMatchObject({
      errorCode: 0,
      generationId: 1,
      protocolName: 'range',
      leader: memberId,
      members: [{ memberId, metadata: Buffer.from('topics') }],
    })
    expect(answer.protocolType).toBe(version < 7 ? null : 'consumer')
    const syncVersion = Math.min(version, 5)
    const request = {
      groupId: 'readers',
      generationId: 1,
      memberId,
      protocolType: 'consumer',
      protocolName: 'range',
      assignments: [{ memberId, assignment: Buffer.from('work') }],
    }
    expect(await broker.ask(tables.syncGroup, syncVersion, request)).toMatchObject({
      errorCode: 0,
      assignment: Buffer.from('work'),
      protocolName: syncVersion < 5 ? null : 'range',
    })
  })

  test.each([0, 6, 7])('JoinGroup v%i is refused with the value of this version for no protocol', async version => {
    expect(await broker.join(version, { groupId: '' })).toMatchObject({
      errorCode: ERROR.INVALID_GROUP_ID,
      protocolName: version < 7 ? '' : null,
      generationId: -1,
    })
  })

  // The longest possible client id, and one that is cut inside a character.
  test.each([['x'.repeat(0x7fff)], [`xx${'\u{1F600}'.repeat(200)}`]])(
    'a member id can be sent and received again, no matter what the client id is',
    async clientId => {
      const request = {
        groupId: 'readers',
        sessionTimeoutMs: 10_000,
        rebalanceTimeoutMs: 1,
        memberId: '',
        protocolType: 'consumer',
        protocols: [{ name: 'range', metadata: Buffer.alloc(0) }],
      }
      const { memberId } = await broker.ask(tables.joinGroup, 4, request, clientId)
      expect(memberId).toMatch(/^x.{254}-[-0-9a-f]{36}$/)
      const joined = broker.ask(tables.joinGroup, 4, { ...request, memberId }, clientId)
      broker.clock.advance(0)
      expect(await joined).toMatchObject({ errorCode: 0, memberId })
    },
  )

  test('JoinGroup v0 has one timeout for session and rebalance', async () => {
    const memberId = await broker.member(0)
    const waiting = broker.join(0)
    broker.clock.advance(9_999)
    await broker.ask(tables.heartbeat, 0, { groupId: 'readers', generationId: 1, memberId })
    broker.clock.advance(1)
    expect(await waiting).toMatchObject({ generationId: 2 })
  })

  test('JoinGroup v4 asks a new member to join again with an id, v3 does not', async () => {
    const request = {
      groupId: 'readers',
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 1,
      memberId: '',
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: Buffer.alloc(0) }],
    }
    expect(await broker.ask(tables.joinGroup, 4, request)).toMatchObject({ errorCode: ERROR.MEMBER_ID_REQUIRED })
    expect(await broker.join(3)).toMatchObject({ errorCode: 0 })
  })

  test('SyncGroup v5 must name the protocol', async () => {
    const memberId = await broker.member()
    expect(
      await broker.ask(tables.syncGroup, 5, {
        groupId: 'readers',
        generationId: 1,
        memberId,
        protocolType: 'consumer',
        protocolName: null,
        assignments: [],
      }),
    ).toMatchObject({ errorCode: ERROR.INCONSISTENT_GROUP_PROTOCOL })
  })

  test('JoinGroup tells a static leader that restarts not to assign, from v9 on', async () => {
    await broker.member(9, { groupInstanceId: 'one' })
    expect(await broker.join(8, { groupInstanceId: 'one' })).toMatchObject({ errorCode: 0, generationId: 1, members: [] })
    expect(await broker.join(9, { groupInstanceId: 'one' })).toMatchObject({
      errorCode: 0,
      generationId: 1,
      skipAssignment: true,
      members: [{ groupInstanceId: 'one' }],
    })
  })

  test('a waiting join ends when its connection closes', async () => {
    await broker.member()
    const waiting = broker.join(3)
    broker.hangUp()
    expect(await waiting).toBeUndefined()
    expect(broker.groups.counts().members).toBe(1)
  })

  test('a connection that closed before the join waited leaves no member', async () => {
    await broker.member()
    const signal = AbortSignal.abort()
    const join = broker.routes.find(({ api }) => api === tables.joinGroup)
    const answer = join?.handle(
      {
        groupId: 'readers',
        sessionTimeoutMs: 10_000,
        rebalanceTimeoutMs: 1,
        memberId: '',
        groupInstanceId: null,
        protocolType: 'consumer',
        protocols: [{ name: 'range', metadata: Buffer.alloc(0) }],
        reason: null,
      } as never,
      { version: 3, clientId: null, clientHost: '', advertised: { host: '', port: 0 }, signal },
    )
    expect(await answer).toBeUndefined()
    expect(broker.groups.counts().members).toBe(1)
  })

  test('a broker that stops responds to waiting requests and leaves no timer', async () => {
    await broker.member()
    const waiting = broker.join(3)
    broker.groups.stop()
    expect(await waiting).toMatchObject({ errorCode: ERROR.COORDINATOR_NOT_AVAILABLE })
    expect(broker.clock.timerCount).toBe(0)
  })
})

test.each(versionsOf(tables.heartbeat))('Heartbeat v%i says whether the membership is valid', async version => {
  const memberId = await broker.member(9, version < 3 ? {} : { groupInstanceId: 'one' })
  const request = { groupId: 'readers', generationId: 1, memberId, groupInstanceId: version < 3 ? null : 'one' }
  expect(await broker.ask(tables.heartbeat, version, request)).toMatchObject({ errorCode: 0 })
  expect(await broker.ask(tables.heartbeat, version, { ...request, generationId: 2 })).toMatchObject({
    errorCode: ERROR.ILLEGAL_GENERATION,
  })
})

test.each(versionsOf(tables.leaveGroup))('LeaveGroup v%i ends a membership', async version => {
  const memberId = await broker.member()
  const leave = () =>
    broker.ask(tables.leaveGroup, version, { groupId: 'readers', memberId, members: [{ memberId, groupInstanceId: null }] })
  const [first, second] = [await leave(), await leave()]
  if (version < 3) expect([first.errorCode, second.errorCode]).toEqual([0, ERROR.UNKNOWN_MEMBER_ID])
  else {
    expect(first).toMatchObject({ errorCode: 0, members: [{ memberId, errorCode: 0 }] })
    expect(second).toMatchObject({ errorCode: 0, members: [{ memberId, errorCode: ERROR.UNKNOWN_MEMBER_ID }] })
  }
  expect(broker.groups.counts()).toMatchObject({ members: 0, groups: { Empty: 1 } })
  expect(await broker.ask(tables.leaveGroup, version, { groupId: '', memberId, members: [] })).toMatchObject({
    errorCode: ERROR.INVALID_GROUP_ID,
  })
})

describe('DescribeGroups', () => {
  test.each(versionsOf(tables.describeGroups))('v%i returns the members', async version => {
    const memberId = await broker.member(9, { groupInstanceId: 'one' })
    const { groups } = await broker.ask(tables.describeGroups, version, {
      groups: ['readers', 'nobody'],
      includeAuthorizedOperations: true,
    })
    expect(groups[0]).toMatchObject({
      errorCode: 0,
      groupId: 'readers',
      groupState: 'Stable',
      protocolType: 'consumer',
      protocolData: 'range',
      members: [
        {
          memberId,
          groupInstanceId: version < 4 ? null : 'one',
          clientId: 'kcat',
          clientHost: '/10.0.0.1',
          memberMetadata: Buffer.from('topics'),
          memberAssignment: Buffer.from('work'),
        },
      ],
      authorizedOperations: version < 3 ? -0x8000_0000 : 0xd48,
    })
    expect(groups[1]).toMatchObject({ errorCode: 0, groupId: 'nobody', groupState: 'Dead', members: [] })
  })

  test('returns each group once, no matter how often it is listed', async () => {
    await broker.member()
    const { groups } = await broker.ask(tables.describeGroups, 5, { groups: ['readers', 'nobody', 'readers', 'nobody'] })
    expect(groups.map(({ groupId }: any) => groupId)).toEqual(['readers', 'nobody'])
  })

  test('serves other connections between the groups', async () => {
    await broker.member()
    const has = broker.store.has.bind(broker.store)
    broker.store.has = group => {
      busy()
      return has(group)
    }
    expect(await othersAreServedDuring(() => broker.ask(tables.describeGroups, 5, { groups: ['a', 'b'] }))).toBe(true)
  })

  test('does not return the metadata of members during the join phase', async () => {
    await broker.member()
    const waiting = broker.join(3)
    const { groups } = await broker.ask(tables.describeGroups, 5, { groups: ['readers'] })
    expect(groups[0]).toMatchObject({ groupState: 'PreparingRebalance', protocolData: '', authorizedOperations: -0x8000_0000 })
    expect(groups[0].members.map(({ memberMetadata }: any) => memberMetadata.length)).toEqual([0, 0])
    broker.hangUp()
    await waiting
  })
})

describe('ListGroups', () => {
  test.each(versionsOf(tables.listGroups))('v%i lists groups with members and groups with offsets only', async version => {
    await broker.member()
    await broker.commit(8, { groupId: 'simple' })
    const state = (name: string) => (version < 4 ? '' : name)
    expect(await broker.ask(tables.listGroups, version, {})).toMatchObject({
      errorCode: 0,
      groups: [
        { groupId: 'readers', protocolType: 'consumer', groupState: state('Stable') },
        { groupId: 'simple', protocolType: '', groupState: state('Empty') },
      ],
    })
  })

  test.each([
    [['stable'], ['readers']],
    [[' EMPTY '], ['simple']],
    [
      ['Stable', 'Empty'],
      ['readers', 'simple'],
    ],
    [['Dead'], []],
  ])('filters by state: %o', async (statesFilter, expected) => {
    await broker.member()
    await broker.commit(8, { groupId: 'simple' })
    const { groups } = await broker.ask(tables.listGroups, 4, { statesFilter })
    expect(groups.map(({ groupId }: any) => groupId)).toEqual(expected)
  })
})

test.each(versionsOf(tables.deleteGroups))('DeleteGroups v%i deletes groups without members', async version => {
  const memberId = await broker.member()
  await broker.commit(8, { groupId: 'simple' })
  await broker.commit(8, { memberId, generationIdOrMemberEpoch: 1 })
  const remove = () => broker.ask(tables.deleteGroups, version, { groupsNames: ['readers', 'simple', 'nobody'] })
  expect((await remove()).results).toEqual([
    { groupId: 'readers', errorCode: ERROR.NON_EMPTY_GROUP },
    { groupId: 'simple', errorCode: 0 },
    { groupId: 'nobody', errorCode: ERROR.GROUP_ID_NOT_FOUND },
  ])
  await broker.ask(tables.leaveGroup, 0, { groupId: 'readers', memberId })
  expect((await remove()).results).toMatchObject([{ errorCode: 0 }, { errorCode: ERROR.GROUP_ID_NOT_FOUND }, {}])
  expect(broker.store.groups()).toEqual([])
  expect((await broker.ask(tables.listGroups, 4, {})).groups).toEqual([])
})
