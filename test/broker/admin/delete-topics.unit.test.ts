import { beforeEach, describe, expect, test } from 'vitest'
import { ERROR } from '../../../broker/errors.ts'
import { memoryFolder } from '../../../broker/log/memory-folder.ts'
import { deleteTopics } from '../../../broker/wire/tables/index.ts'
import { AdminUnderTest, fillableFolder } from './admin-under-test.ts'

const NO_ID = Buffer.alloc(16)
const UNKNOWN_ID = Buffer.alloc(16, 1)
type Asked = readonly [name: string | null, topicId?: Buffer | undefined]

async function remove(admin: AdminUnderTest, asked: readonly Asked[], version = 6) {
  const byName = { topicNames: asked.map(([name]) => name ?? ''), timeoutMs: 1000 }
  const request = version < 6 ? byName : { topics: asked.map(([name, topicId = NO_ID]) => ({ name, topicId })), timeoutMs: 1000 }
  return (await admin.ask(deleteTopics, version, request)).responses
}

describe('DeleteTopics', () => {
  let admin: AdminUnderTest
  beforeEach(async () => {
    admin = new AdminUnderTest()
    await admin.create([{ name: 'a' }, { name: 'b' }])
  })
  const idOf = (name: string) => admin.topics.get(name)?.id

  test.each([1, 2, 3, 4, 5, 6])('deletes a topic in version %i', async version => {
    const id = idOf('a')
    expect(await remove(admin, [['a']], version)).toMatchObject([{ name: 'a', errorCode: ERROR.NONE, topicId: version < 6 ? NO_ID : id }])
    expect(admin.names()).toEqual(['b'])
  })

  test('deletes a topic by its id and returns its name', async () => {
    const id = idOf('a')
    expect(await remove(admin, [[null, id]])).toEqual([{ name: 'a', topicId: id, errorCode: ERROR.NONE, errorMessage: null }])
    expect(admin.names()).toEqual(['b'])
  })

  test('removes everything: a later topic of the same name is empty and has another id', async () => {
    const folder = memoryFolder()
    admin = new AdminUnderTest({}, folder)
    await admin.create([{ name: 'a', numPartitions: 3, configs: { 'retention.ms': '5' } }])
    const before = idOf('a')
    await remove(admin, [['a']])
    expect(folder.names()).toEqual(['topics.json'])
    await admin.create([{ name: 'a' }])
    expect(idOf('a')).not.toEqual(before)
    expect(admin.topics.get('a')?.configs.size).toBe(0)
  })

  test('reports unknown names and ids in the order of the request', async () => {
    expect(await remove(admin, [['unknown'], [null, UNKNOWN_ID], ['b']])).toMatchObject([
      { name: 'unknown', topicId: NO_ID, errorCode: ERROR.UNKNOWN_TOPIC_OR_PARTITION },
      { name: null, topicId: UNKNOWN_ID, errorCode: ERROR.UNKNOWN_TOPIC_ID },
      { name: 'b', errorCode: ERROR.NONE },
    ])
  })

  test('refuses each topic that is given by both a name and an id, or by neither', async () => {
    const responses = await remove(admin, [['a', idOf('a')], [null], [null]])
    expect(responses.map(({ errorCode }) => errorCode)).toEqual([ERROR.INVALID_REQUEST, ERROR.INVALID_REQUEST, ERROR.INVALID_REQUEST])
    expect(responses[0]?.errorMessage).toMatch(/both a name and an id/)
    expect(responses[1]?.errorMessage).toMatch(/neither a name nor an id/)
    expect(admin.names()).toEqual(['a', 'b'])
  })

  test.each<[string, () => Asked[]]>([
    ['by its name', () => [['a'], ['a']]],
    [
      'by its id',
      () => [
        [null, idOf('a')],
        [null, idOf('a')],
      ],
    ],
    ['by its name and its id', () => [['a'], [null, idOf('a')]]],
    ['though it is unknown', () => [['x'], ['x']]],
    [
      'by an unknown id',
      () => [
        [null, UNKNOWN_ID],
        [null, UNKNOWN_ID],
      ],
    ],
  ])('refuses a topic that is listed twice %s, with one result, and deletes the others', async (_, asked) => {
    const responses = await remove(admin, [...asked(), ['b']])
    expect(responses.map(({ errorCode }) => errorCode)).toEqual([ERROR.INVALID_REQUEST, ERROR.NONE])
    expect(admin.names()).toEqual(['a'])
  })

  test('deletes no topic if delete.topic.enable is false', async () => {
    admin = new AdminUnderTest({ 'delete.topic.enable': 'false' })
    await admin.create([{ name: 'a' }])
    expect(await remove(admin, [['a']])).toMatchObject([{ errorCode: ERROR.TOPIC_DELETION_DISABLED }])
    expect(await remove(admin, [['a']], 2)).toMatchObject([{ errorCode: ERROR.INVALID_REQUEST }])
    expect(admin.names()).toEqual(['a'])
  })

  test('keeps a topic whose deletion cannot be written to disk', async () => {
    let isFull = false
    admin = new AdminUnderTest(
      {},
      fillableFolder(() => isFull),
    )
    await admin.create([{ name: 'a' }])
    isFull = true
    expect(await remove(admin, [['a']])).toMatchObject([{ name: 'a', errorCode: ERROR.KAFKA_STORAGE_ERROR }])
    expect(admin.names()).toEqual(['a'])
  })
})
