import { describe, expect, test } from 'vitest'
import { ERROR } from '../../../broker/errors.ts'
import { memoryFolder } from '../../../broker/log/memory-folder.ts'
import { AdminUnderTest, fillableFolder, NODE_ID, type NewTopic } from './admin-under-test.ts'

const NO_ID = Buffer.alloc(16)
const byHand = (...assignments: [partition: number, brokerIds: number[]][]): Partial<NewTopic> => ({
  numPartitions: -1,
  replicationFactor: -1,
  assignments: assignments.map(([partitionIndex, brokerIds]) => ({ partitionIndex, brokerIds })),
})

describe('CreateTopics', () => {
  test.each([2, 3, 4, 5, 6, 7])('creates a topic in version %i', async version => {
    const admin = new AdminUnderTest()
    const [created] = await admin.create([{ name: 'a', numPartitions: 3 }], { version })
    const topic = admin.topics.get('a')
    expect(topic?.partitions.length).toBe(3)
    expect(created).toMatchObject({ name: 'a', errorCode: ERROR.NONE, errorMessage: null })
    expect(created).toMatchObject(
      version >= 5 ? { numPartitions: 3, replicationFactor: 1 } : { numPartitions: -1, replicationFactor: -1, configs: null },
    )
    expect(created?.topicId).toEqual(version >= 7 ? topic?.id : NO_ID)
  })

  test('uses the default number of partitions and replicas for -1, in any version', async () => {
    const admin = new AdminUnderTest({ 'num.partitions': '4' })
    const created = [
      ...(await admin.create([{ name: 'old', numPartitions: -1, replicationFactor: -1 }], { version: 2 })),
      ...(await admin.create([{ name: 'new', numPartitions: -1, replicationFactor: -1 }])),
    ]
    expect(created.map(({ errorCode }) => errorCode)).toEqual([ERROR.NONE, ERROR.NONE])
    expect(created[1]?.numPartitions).toBe(4)
    expect(admin.topics.all().map(({ partitions }) => partitions.length)).toEqual([4, 4])
  })

  test('sets configurations and returns all that apply to the topic, sorted by name', async () => {
    const admin = new AdminUnderTest()
    const [created] = await admin.create([{ name: 'a', configs: { 'retention.ms': '60000' } }])
    expect(admin.topics.get('a')?.configs).toEqual(new Map([['retention.ms', '60000']]))
    expect(created?.configs).toContainEqual({ name: 'retention.ms', value: '60000', readOnly: false, configSource: 1, isSensitive: false })
    expect(created?.configs).toContainEqual({ name: 'retention.bytes', value: '-1', readOnly: false, configSource: 5, isSensitive: false })
    const names = created?.configs?.map(({ name }) => name)
    expect(names).toEqual(names?.toSorted())
  })

  test('keeps the topic, its id and its configurations across a restart', async () => {
    const folder = memoryFolder()
    const before = new AdminUnderTest({}, folder)
    const [created] = await before.create([{ name: 'a', numPartitions: 2, configs: { 'retention.ms': '5' } }])
    const after = new AdminUnderTest({}, folder)
    expect(after.topics.get('a')).toMatchObject({ id: created?.topicId, configs: new Map([['retention.ms', '5']]) })
    expect(after.topics.get('a')?.partitions.length).toBe(2)
  })

  test('creates nothing if it is only asked to validate', async () => {
    const admin = new AdminUnderTest()
    const [fine] = await admin.create([{ name: 'a', numPartitions: 2 }], { validateOnly: true })
    expect(fine).toMatchObject({ errorCode: ERROR.NONE, numPartitions: 2 })
    const [wrong] = await admin.create([{ name: 'b', numPartitions: 0 }], { validateOnly: true })
    expect(wrong).toMatchObject({ errorCode: ERROR.INVALID_PARTITIONS })
    expect(admin.names()).toEqual([])
  })

  test('refuses a name that is listed twice, with one result, and creates the other topics', async () => {
    const admin = new AdminUnderTest()
    const created = await admin.create([{ name: 'a' }, { name: 'b' }, { name: 'a', numPartitions: 2 }])
    expect(created.map(({ name, errorCode }) => [name, errorCode])).toEqual([
      ['b', ERROR.NONE],
      ['a', ERROR.INVALID_REQUEST],
    ])
    expect(admin.names()).toEqual(['b'])
  })

  test('creates partitions that are assigned manually, in any order', async () => {
    const admin = new AdminUnderTest()
    const [created] = await admin.create([{ name: 'a', ...byHand([1, [NODE_ID]], [0, [NODE_ID]]) }])
    expect(created).toMatchObject({ errorCode: ERROR.NONE, numPartitions: 2, replicationFactor: 1 })
  })

  const WRONG: [what: string, topic: Partial<NewTopic>, code: number, message: RegExp][] = [
    ['no partitions', { numPartitions: 0 }, ERROR.INVALID_PARTITIONS, /got 0, expected 1 or more/],
    ['a negative number of partitions', { numPartitions: -2 }, ERROR.INVALID_PARTITIONS, /got -2, expected 1 or more/],
    ['too many partitions', { numPartitions: 2 ** 31 - 1 }, ERROR.INVALID_PARTITIONS, /got 2147483647 in addition to 1, expected at most/],
    ['no replicas', { replicationFactor: 0 }, ERROR.INVALID_REPLICATION_FACTOR, /got 0, expected 1 or -1/],
    ['two replicas', { replicationFactor: 2 }, ERROR.INVALID_REPLICATION_FACTOR, /got 2, expected 1 or -1/],
    ['a name with a space', { name: 'a b' }, ERROR.INVALID_TOPIC_EXCEPTION, /got "a b", expected 1 to 249/],
    ['no name', { name: '' }, ERROR.INVALID_TOPIC_EXCEPTION, /got "", expected 1 to 249/],
    ['a name that is too long', { name: 'x'.repeat(250) }, ERROR.INVALID_TOPIC_EXCEPTION, /expected 1 to 249/],
    ['the name of an existing topic', { name: 'ta.ken' }, ERROR.TOPIC_ALREADY_EXISTS, /already exists/],
    [
      'a name that differs from an existing one in a dot only',
      { name: 'ta_ken' },
      ERROR.INVALID_TOPIC_EXCEPTION,
      /collides with .*ta\.ken/,
    ],
    [
      'an existing name, before any other error',
      { name: 'ta.ken', numPartitions: 0, replicationFactor: 3 },
      ERROR.TOPIC_ALREADY_EXISTS,
      /already exists/,
    ],
    ['an unknown configuration', { configs: { nope: '1' } }, ERROR.INVALID_CONFIG, /nope/],
    [
      'a configuration of the wrong type',
      { configs: { 'retention.ms': 'soon' } },
      ERROR.INVALID_CONFIG,
      /retention\.ms: got "soon", expected an integer \(milliseconds\)/,
    ],
    ['a configuration of null', { configs: { 'retention.ms': null } }, ERROR.INVALID_CONFIG, /retention\.ms: got null, expected a value/],
    [
      'an assignment and a number of partitions',
      { ...byHand([0, [NODE_ID]]), numPartitions: 1 },
      ERROR.INVALID_REQUEST,
      /number of partitions: got 1 together with assignments/,
    ],
    [
      'an assignment and a number of replicas',
      { ...byHand([0, [NODE_ID]]), replicationFactor: 1 },
      ERROR.INVALID_REQUEST,
      /replication factor: got 1 together with assignments/,
    ],
    ['an assignment to another broker', byHand([0, [1]]), ERROR.INVALID_REPLICA_ASSIGNMENT, /got brokers \[1\], expected \[7\]/],
    ['an assignment to no broker', byHand([0, []]), ERROR.INVALID_REPLICA_ASSIGNMENT, /got brokers \[\], expected \[7\]/],
    ['an assignment to the broker twice', byHand([0, [NODE_ID, NODE_ID]]), ERROR.INVALID_REPLICA_ASSIGNMENT, /got brokers \[7, 7\]/],
    ['an assignment of a partition twice', byHand([0, [NODE_ID]], [0, [NODE_ID]]), ERROR.INVALID_REPLICA_ASSIGNMENT, /got 0 instead of 1/],
    ['an assignment with a gap', byHand([0, [NODE_ID]], [2, [NODE_ID]]), ERROR.INVALID_REPLICA_ASSIGNMENT, /got 2 instead of 1/],
    [
      'an assignment of a negative partition',
      byHand([-1, [NODE_ID]], [0, [NODE_ID]]),
      ERROR.INVALID_REPLICA_ASSIGNMENT,
      /got -1 instead of 0/,
    ],
  ]
  test.each(WRONG)('refuses %s, and creates the valid topic of the same request', async (_, topic, errorCode, message) => {
    const admin = new AdminUnderTest()
    await admin.create([{ name: 'ta.ken' }])
    const [wrong, right] = await admin.create([{ name: 'wrong', ...topic }, { name: 'right' }])
    expect(wrong).toMatchObject({ errorCode, topicId: NO_ID, numPartitions: -1, replicationFactor: -1, configs: [] })
    expect(wrong?.errorMessage).toMatch(message)
    expect(right?.errorCode).toBe(ERROR.NONE)
    expect(admin.names()).toEqual(['right', 'ta.ken'])
  })

  test('reports a full disk, leaves no topic half created, and works again when there is space', async () => {
    let isFull = true
    const admin = new AdminUnderTest(
      {},
      fillableFolder(() => isFull),
    )
    const [created] = await admin.create([{ name: 'a' }])
    expect(created).toMatchObject({
      errorCode: ERROR.KAFKA_STORAGE_ERROR,
      errorMessage: 'writing the list of topics failed: ENOSPC: no space left on device, write',
    })
    expect(admin.names()).toEqual([])
    isFull = false
    expect(await admin.create([{ name: 'a' }])).toMatchObject([{ errorCode: ERROR.NONE }])
  })

  test('shortens error messages about very long values', async () => {
    const [refused] = await new AdminUnderTest().create([{ name: 'a', configs: { 'retention.ms': 'x'.repeat(30_000) } }])
    expect(refused?.errorCode).toBe(ERROR.INVALID_CONFIG)
    expect(refused?.errorMessage?.length).toBe(1001)
  })
})
