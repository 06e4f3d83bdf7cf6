import { beforeEach, describe, expect, test } from 'vitest'
import { ERROR, ProtocolError } from '../../../broker/errors.ts'
import * as tables from '../../../broker/wire/tables/index.ts'
import { busy, GroupsOnTheWire, othersAreServedDuring, versionsOf } from './groups-on-the-wire.ts'

let broker: GroupsOnTheWire

beforeEach(() => {
  broker = new GroupsOnTheWire()
})

describe('OffsetCommit and OffsetFetch', () => {
  const fetched = (answer: any, version: number) => (version < 8 ? answer.topics : answer.groups[0].topics)
  const asked = (topics: unknown) => ({ groupId: 'readers', topics, groups: [{ groupId: 'readers', topics }], requireStable: true })

  test.each(versionsOf(tables.offsetCommit))('OffsetCommit v%i stores the position of a member', async version => {
    const memberId = await broker.member()
    expect(await broker.commit(version, { memberId, generationIdOrMemberEpoch: 1 })).toMatchObject({
      topics: [{ name: 'pings', partitions: [{ partitionIndex: 0, errorCode: 0 }] }],
    })
    expect(broker.store.fetch('readers', 'pings', 0)).toMatchObject({ offset: 42n, leaderEpoch: version < 6 ? -1 : 3, metadata: 'so far' })
  })

  test.each(versionsOf(tables.offsetFetch))('OffsetFetch v%i returns the position, or -1 if nothing was committed', async version => {
    await broker.commit(8)
    const answer = await broker.ask(
      tables.offsetFetch,
      version,
      asked([
        { name: 'pings', partitionIndexes: [0, 1] },
        { name: 'nowhere', partitionIndexes: [9] },
      ]),
    )
    expect(answer.errorCode).toBe(0)
    expect(fetched(answer, version)).toMatchObject([
      {
        name: 'pings',
        partitions: [
          { partitionIndex: 0, committedOffset: 42n, committedLeaderEpoch: version < 5 ? -1 : 3, metadata: 'so far', errorCode: 0 },
          { partitionIndex: 1, committedOffset: -1n, metadata: '', errorCode: 0 },
        ],
      },
      { name: 'nowhere', partitions: [{ partitionIndex: 9, committedOffset: -1n, errorCode: 0 }] },
    ])
  })

  test.each([2, 7, 8, 9])('OffsetFetch v%i without topics returns all committed offsets of a group', async version => {
    await broker.commit(8)
    const answer = await broker.ask(tables.offsetFetch, version, asked(null))
    expect(fetched(answer, version)).toMatchObject([{ name: 'pings', partitions: [{ partitionIndex: 0, committedOffset: 42n }] }])
  })

  test.each([2, 9])('OffsetFetch v%i of an unknown group is not an error', async version => {
    expect(fetched(await broker.ask(tables.offsetFetch, version, asked(null)), version)).toEqual([])
    expect(
      fetched(await broker.ask(tables.offsetFetch, version, asked([{ name: 'pings', partitionIndexes: [0] }])), version),
    ).toMatchObject([{ partitions: [{ committedOffset: -1n, errorCode: 0 }] }])
  })

  test('OffsetFetch v8 returns the offsets of each group', async () => {
    await broker.commit(8)
    const topics = [{ name: 'pings', partitionIndexes: [0] }]
    const { groups } = await broker.ask(tables.offsetFetch, 8, {
      groups: [
        { groupId: 'others', topics },
        { groupId: 'readers', topics },
      ],
    })
    expect(groups.map(({ groupId, topics: [topic] }: any) => [groupId, topic.partitions[0].committedOffset])).toEqual([
      ['others', -1n],
      ['readers', 42n],
    ])
  })

  test('OffsetFetch v8 returns a group once, no matter how often it is listed', async () => {
    await broker.commit(8)
    const { groups } = await broker.ask(tables.offsetFetch, 8, {
      groups: Array.from({ length: 50 }, (_, index) => ({ groupId: index % 2 ? 'readers' : 'others', topics: null })),
    })
    expect(groups.map(({ groupId }: any) => groupId)).toEqual(['others', 'readers'])
  })

  test.each([1, 7, 8])('OffsetFetch v%i returns a partition once, no matter how often it is listed', async version => {
    await broker.commit(8)
    const topics = [
      { name: 'pings', partitionIndexes: [0, 0, 1] },
      { name: 'pangs', partitionIndexes: [0] },
      { name: 'pings', partitionIndexes: [2, 0, 1] },
    ]
    const answer = fetched(await broker.ask(tables.offsetFetch, version, asked(topics)), version)
    expect(answer.map(({ name, partitions }: any) => [name, partitions.map(({ partitionIndex }: any) => partitionIndex)])).toEqual([
      ['pings', [0, 1, 2]],
      ['pangs', [0]],
    ])
    expect(answer[0].partitions[0].committedOffset).toBe(42n)
  })

  test('OffsetFetch v8 serves other connections between the groups', async () => {
    broker.store.all = () => {
      busy()
      return new Map()
    }
    expect(
      await othersAreServedDuring(() =>
        broker.ask(tables.offsetFetch, 8, {
          groups: [
            { groupId: 'a', topics: null },
            { groupId: 'b', topics: null },
          ],
        }),
      ),
    ).toBe(true)
  })

  test('a topic that is listed many times costs no more than that many topics', async () => {
    const topics = Array.from({ length: 20_000 }, (_, index) => ({ name: 'pings', partitionIndexes: [index] }))
    const from = process.cpuUsage()
    expect(fetched(await broker.ask(tables.offsetFetch, 7, asked(topics)), 7)[0].partitions).toHaveLength(20_000)
    expect(process.cpuUsage(from).user / 1_000).toBeLessThan(2_000)
  })

  test('each partition is accepted or refused separately', async () => {
    const partition = (partitionIndex: number, committedMetadata: string | null) => ({
      partitionIndex,
      committedOffset: 5n,
      committedMetadata,
    })
    const topics = [
      { name: 'pings', partitions: [partition(0, '12345678'), partition(1, '123456789'), partition(2, '')] },
      { name: 'nowhere', partitions: [partition(0, null)] },
    ]
    const answer = await broker.commit(8, { topics })
    expect(answer.topics.map(({ partitions }: any) => partitions.map(({ errorCode }: any) => errorCode))).toEqual([
      [0, ERROR.OFFSET_METADATA_TOO_LARGE, ERROR.UNKNOWN_TOPIC_OR_PARTITION],
      [ERROR.UNKNOWN_TOPIC_OR_PARTITION],
    ])
    expect([...broker.store.all('readers')].flatMap(([, partitions]) => [...partitions.keys()])).toEqual([0])
  })

  test.each([
    [8, ERROR.ILLEGAL_GENERATION],
    [9, ERROR.GROUP_ID_NOT_FOUND],
  ])('OffsetCommit v%i with a generation of an unknown group returns error %i', async (version, errorCode) => {
    expect((await broker.commit(version, { generationIdOrMemberEpoch: 1, memberId: 'a' })).topics[0].partitions[0]).toMatchObject({
      errorCode,
    })
    expect(broker.store.groups()).toEqual([])
  })

  test('a member of a group that has only offsets is unknown', async () => {
    await broker.commit(8)
    expect((await broker.commit(9, { generationIdOrMemberEpoch: 1, memberId: 'a' })).topics[0].partitions[0]).toMatchObject({
      errorCode: ERROR.UNKNOWN_MEMBER_ID,
    })
  })

  test('a commit without a generation is refused for a group that has members', async () => {
    await broker.member()
    expect((await broker.commit(8)).topics[0].partitions[0]).toMatchObject({ errorCode: ERROR.UNKNOWN_MEMBER_ID })
    expect(broker.store.fetch('readers', 'pings', 0)).toBeUndefined()
  })

  test('a commit keeps the retention time that v2 to v4 can ask for', async () => {
    await broker.commit(4, { retentionTimeMs: 5_000n })
    expect(broker.store.fetch('readers', 'pings', 0)?.expiresAtMs).toBe(broker.clock.now() + 5_000)
  })

  test.each([2n ** 63n - 1n, -2n, -(2n ** 63n)])('a retention time of %i ms is ignored', async retentionTimeMs => {
    expect((await broker.commit(4, { retentionTimeMs })).topics[0].partitions[0]).toMatchObject({ errorCode: 0 })
    expect(broker.store.fetch('readers', 'pings', 0)).toMatchObject({ offset: 42n, expiresAtMs: undefined })
  })

  test('a full disk is reported as COORDINATOR_NOT_AVAILABLE', async () => {
    broker.store.commit = () => {
      throw new ProtocolError(ERROR.KAFKA_STORAGE_ERROR, 'no space left')
    }
    expect((await broker.commit(8)).topics[0].partitions[0]).toMatchObject({ errorCode: ERROR.COORDINATOR_NOT_AVAILABLE })
  })
})
