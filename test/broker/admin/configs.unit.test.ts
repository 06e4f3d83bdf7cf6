import { beforeEach, describe, expect, test } from 'vitest'
import { ERROR } from '../../../broker/errors.ts'
import { memoryFolder } from '../../../broker/log/memory-folder.ts'
import { alterConfigs, describeConfigs, incrementalAlterConfigs } from '../../../broker/wire/tables/index.ts'
import { AdminUnderTest, fillableFolder, NODE_ID } from './admin-under-test.ts'

const TOPIC = 2
const BROKER = 4
const SOURCE = { topic: 1, broker: 4, default: 5 }
const [SET, DELETE, APPEND, SUBTRACT] = [0, 1, 2, 3] as const

let admin: AdminUnderTest
beforeEach(async () => {
  admin = new AdminUnderTest({ 'log.retention.ms': '9000' })
  await admin.create([{ name: 'a', configs: { 'segment.bytes': '2000000' } }])
})
const set = () => Object.fromEntries(admin.topics.get('a')?.configs ?? [])

describe('DescribeConfigs', () => {
  interface Asked {
    readonly type?: number
    readonly name?: string
    readonly keys?: readonly string[] | null
    readonly version?: number
    readonly includeSynonyms?: boolean
    readonly includeDocumentation?: boolean
  }
  const describeOne = async ({ type = TOPIC, name = 'a', keys = null, version = 4, ...include }: Asked) => {
    const { results } = await admin.ask(describeConfigs, version, {
      resources: [{ resourceType: type, resourceName: name, configurationKeys: keys }],
      ...include,
    })
    expect(results.length).toBe(1)
    return results[0]!
  }

  test.each([1, 2, 3, 4])('says whether a value is set for the topic, set for the broker or the default, in version %i', async version => {
    const { configs, ...rest } = await describeOne({ version, keys: ['segment.bytes', 'retention.ms', 'retention.bytes'] })
    expect(rest).toEqual({ errorCode: ERROR.NONE, errorMessage: '', resourceType: TOPIC, resourceName: 'a' })
    expect(
      configs
        .map(({ name, value, configSource, readOnly }) => ({ name, value, configSource, readOnly }))
        .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    ).toEqual([
      { name: 'retention.bytes', value: '-1', configSource: SOURCE.default, readOnly: false },
      { name: 'retention.ms', value: '9000', configSource: SOURCE.broker, readOnly: false },
      { name: 'segment.bytes', value: '2000000', configSource: SOURCE.topic, readOnly: false },
    ])
    expect(configs.map(({ configType }) => configType > 0)).toEqual(configs.map(() => version >= 3))
  })

  test('returns all keys for null and for an empty list, and ignores unknown keys', async () => {
    const all = (await describeOne({})).configs.map(({ name }) => name)
    expect(all.length).toBeGreaterThan(20)
    expect((await describeOne({ keys: [] })).configs.map(({ name }) => name)).toEqual(all)
    expect((await describeOne({ keys: ['nope', 'retention.ms'] })).configs.map(({ name }) => name)).toEqual(['retention.ms'])
  })

  test('returns synonyms and documentation only if asked for them', async () => {
    const [plain] = (await describeOne({ keys: ['segment.bytes'] })).configs
    expect(plain).toMatchObject({ synonyms: [], documentation: null })
    const [full] = (await describeOne({ keys: ['segment.bytes'], includeSynonyms: true, includeDocumentation: true })).configs
    expect(full?.synonyms[0]).toEqual({ name: 'segment.bytes', value: '2000000', source: SOURCE.topic })
    expect(full?.documentation).toMatch(/segment/)
  })

  test('returns the settings of the broker as read-only, and none for all brokers', async () => {
    const { errorCode, configs } = await describeOne({ type: BROKER, name: String(NODE_ID), keys: ['log.retention.ms'] })
    expect(errorCode).toBe(ERROR.NONE)
    expect(configs).toMatchObject([{ name: 'log.retention.ms', value: '9000', readOnly: true, configSource: SOURCE.broker }])
    expect(await describeOne({ type: BROKER, name: '' })).toMatchObject({ errorCode: ERROR.NONE, configs: [] })
  })

  test.each<[string, Asked, number]>([
    ['an unknown topic', { name: 'unknown' }, ERROR.UNKNOWN_TOPIC_OR_PARTITION],
    ['an invalid topic name', { name: 'a b' }, ERROR.INVALID_TOPIC_EXCEPTION],
    ['an empty topic name', { name: '' }, ERROR.INVALID_TOPIC_EXCEPTION],
    ['another broker', { type: BROKER, name: '1' }, ERROR.INVALID_REQUEST],
    ['a broker id that is not a number', { type: BROKER, name: 'x' }, ERROR.INVALID_REQUEST],
    ['the loggers of a broker', { type: 8, name: String(NODE_ID) }, ERROR.INVALID_REQUEST],
    ['a type that does not exist', { type: 99, name: 'x' }, ERROR.INVALID_REQUEST],
  ])('refuses %s', async (_, asked, errorCode) => {
    const result = await describeOne(asked)
    expect(result).toMatchObject({ errorCode, configs: [] })
    expect(result.errorMessage).toMatch(/got /)
  })

  test('returns each resource once, no matter how often it is listed', async () => {
    const resources = Array.from({ length: 10_001 }, () => ({
      resourceType: TOPIC,
      resourceName: 'a',
      configurationKeys: ['retention.ms'],
    }))
    const { results } = await admin.ask(describeConfigs, 4, { resources })
    expect(results).toMatchObject([{ errorCode: ERROR.NONE, resourceName: 'a' }])
  })
})

type Resource = readonly [type: number, name: string]

describe('AlterConfigs', () => {
  const alter = async (
    configs: Readonly<Record<string, string | null>>,
    { resource = [TOPIC, 'a'] as Resource, validateOnly = false, version = 2 } = {},
  ) => {
    const entries = Object.entries(configs).map(([name, value]) => ({ name, value }))
    return (
      await admin.ask(alterConfigs, version, {
        resources: [{ resourceType: resource[0], resourceName: resource[1], configs: entries }],
        validateOnly,
      })
    ).responses[0]!
  }

  test.each([0, 1, 2])('replaces all settings, in version %i', async version => {
    expect(await alter({ 'retention.ms': '5' }, { version })).toEqual({
      errorCode: ERROR.NONE,
      errorMessage: null,
      resourceType: TOPIC,
      resourceName: 'a',
    })
    expect(set()).toEqual({ 'retention.ms': '5' })
  })

  test('changes nothing if it is only asked to validate, or if one of several values is wrong', async () => {
    expect(await alter({ 'retention.ms': '5' }, { validateOnly: true })).toMatchObject({ errorCode: ERROR.NONE })
    expect(await alter({ 'retention.ms': '5', nope: '1' })).toMatchObject({ errorCode: ERROR.INVALID_CONFIG })
    expect(await alter({ 'retention.ms': null })).toMatchObject({
      errorCode: ERROR.INVALID_REQUEST,
      errorMessage: 'retention.ms: got null, expected a value',
    })
    expect(set()).toEqual({ 'segment.bytes': '2000000' })
  })

  test.each<[string, Resource, number]>([
    ['an unknown topic', [TOPIC, 'unknown'], ERROR.UNKNOWN_TOPIC_OR_PARTITION],
    ['an invalid topic name', [TOPIC, 'a b'], ERROR.INVALID_TOPIC_EXCEPTION],
    ['all topics', [TOPIC, ''], ERROR.INVALID_REQUEST],
    ['this broker', [BROKER, String(NODE_ID)], ERROR.INVALID_REQUEST],
    ['all brokers', [BROKER, ''], ERROR.INVALID_REQUEST],
    ['another broker', [BROKER, '1'], ERROR.INVALID_REQUEST],
    ['a logger', [8, String(NODE_ID)], ERROR.INVALID_REQUEST],
  ])('refuses %s', async (_, resource, errorCode) => {
    const answer = await alter({ 'retention.ms': '5' }, { resource })
    expect(answer).toMatchObject({ errorCode, resourceType: resource[0], resourceName: resource[1] })
    expect(answer.errorMessage).toMatch(/got /)
  })

  test('keeps the current settings if the disk is full', async () => {
    let isFull = false
    admin = new AdminUnderTest(
      {},
      fillableFolder(() => isFull),
    )
    await admin.create([{ name: 'a', configs: { 'segment.bytes': '2000000' } }])
    isFull = true
    expect(await alter({ 'retention.ms': '5' })).toMatchObject({ errorCode: ERROR.KAFKA_STORAGE_ERROR })
    expect(set()).toEqual({ 'segment.bytes': '2000000' })
  })
})

describe('IncrementalAlterConfigs', () => {
  type Operation = readonly [name: string, operation: number, value: string | null]
  const change = async (
    operations: readonly Operation[],
    { resource = [TOPIC, 'a'] as Resource, validateOnly = false, version = 1 } = {},
  ) => {
    const configs = operations.map(([name, configOperation, value]) => ({ name, configOperation, value }))
    return (
      await admin.ask(incrementalAlterConfigs, version, {
        resources: [{ resourceType: resource[0], resourceName: resource[1], configs }],
        validateOnly,
      })
    ).responses[0]!
  }

  test.each([0, 1])('sets and deletes some keys and leaves the others unchanged, in version %i', async version => {
    await change([['retention.bytes', SET, '7']], { version })
    expect(
      await change(
        [
          ['retention.ms', SET, '5'],
          ['segment.bytes', DELETE, null],
        ],
        { version },
      ),
    ).toMatchObject({ errorCode: ERROR.NONE, errorMessage: null })
    expect(set()).toEqual({ 'retention.bytes': '7', 'retention.ms': '5' })
  })

  test('takes effect immediately and is kept across a restart', async () => {
    const folder = memoryFolder()
    admin = new AdminUnderTest({}, folder)
    await admin.create([{ name: 'a' }])
    await change([['max.message.bytes', SET, '100']])
    expect(() => admin.topics.partition('a', 0).append(Buffer.alloc(200))).toThrow(/100/)
    admin = new AdminUnderTest({}, folder)
    expect(set()).toEqual({ 'max.message.bytes': '100' })
  })

  test('appends to a list and subtracts from it, starting from the default', async () => {
    await change([['cleanup.policy', APPEND, 'compact']])
    expect(set()).toMatchObject({ 'cleanup.policy': 'delete,compact' })
    await change([['cleanup.policy', APPEND, 'compact, delete']])
    expect(set()).toMatchObject({ 'cleanup.policy': 'delete,compact' })
    await change([['cleanup.policy', SUBTRACT, 'delete']])
    expect(set()).toMatchObject({ 'cleanup.policy': 'compact' })
  })

  test('changes nothing if it is only asked to validate', async () => {
    expect(await change([['retention.ms', SET, '5']], { validateOnly: true })).toMatchObject({ errorCode: ERROR.NONE })
    expect(await change([['retention.ms', SET, 'soon']], { validateOnly: true })).toMatchObject({ errorCode: ERROR.INVALID_CONFIG })
    expect(set()).toEqual({ 'segment.bytes': '2000000' })
  })

  test.each<[string, Operation[], number]>([
    ['appending to a key that is not a list', [['retention.ms', APPEND, '5']], ERROR.INVALID_CONFIG],
    ['subtracting from an unknown key', [['nope', SUBTRACT, '5']], ERROR.INVALID_CONFIG],
    ['an operation that does not exist', [['retention.ms', 9, '5']], ERROR.INVALID_REQUEST],
    ['setting null', [['retention.ms', SET, null]], ERROR.INVALID_REQUEST],
    ['appending null', [['cleanup.policy', APPEND, null]], ERROR.INVALID_REQUEST],
    [
      'a key twice',
      [
        ['retention.ms', SET, '5'],
        ['retention.ms', DELETE, null],
      ],
      ERROR.INVALID_REQUEST,
    ],
    ['an unknown key', [['nope', SET, '5']], ERROR.INVALID_CONFIG],
    ['a value of the wrong type', [['retention.ms', SET, 'soon']], ERROR.INVALID_CONFIG],
    [
      'an unknown key together with a known one',
      [
        ['retention.ms', SET, '5'],
        ['nope', SET, '5'],
      ],
      ERROR.INVALID_CONFIG,
    ],
  ])('refuses %s and changes nothing', async (_, operations, errorCode) => {
    const answer = await change(operations)
    expect(answer.errorCode).toBe(errorCode)
    expect(answer.errorMessage).toMatch(/got |expected|Unknown/)
    expect(set()).toEqual({ 'segment.bytes': '2000000' })
  })

  test('refuses a resource that is listed twice, with a result for each, and changes the others', async () => {
    await admin.create([{ name: 'b' }])
    const configs = [{ name: 'retention.ms', configOperation: SET, value: '5' }]
    const resources = ['a', 'b', 'a'].map(resourceName => ({ resourceType: TOPIC, resourceName, configs }))
    const { responses } = await admin.ask(incrementalAlterConfigs, 1, { resources, validateOnly: false })
    expect(responses.map(({ errorCode }) => errorCode)).toEqual([ERROR.INVALID_REQUEST, ERROR.NONE, ERROR.INVALID_REQUEST])
    expect(set()).toEqual({ 'segment.bytes': '2000000' })
  })
})
