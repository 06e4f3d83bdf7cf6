import { beforeEach, describe, expect, test } from 'vitest'
import { ERROR } from '../../../broker/errors.ts'
import { createPartitions } from '../../../broker/wire/tables/index.ts'
import { AdminUnderTest, NODE_ID } from './admin-under-test.ts'

describe('CreatePartitions', () => {
  let admin: AdminUnderTest
  beforeEach(async () => {
    admin = new AdminUnderTest()
    await admin.create([{ name: 'a', numPartitions: 2 }])
  })
  interface Asked {
    readonly name?: string
    readonly count: number
    readonly assignments?: readonly number[][] | null
  }
  const add = async (asked: readonly Asked[], { version = 3, validateOnly = false } = {}) => {
    const topics = asked.map(({ name = 'a', count, assignments = null }) => ({
      name,
      count,
      assignments: assignments?.map(brokerIds => ({ brokerIds })) ?? null,
    }))
    return (await admin.ask(createPartitions, version, { topics, timeoutMs: 1000, validateOnly })).results
  }
  const count = () => admin.topics.get('a')?.partitions.length

  test.each([0, 1, 2, 3])('adds partitions in version %i', async version => {
    expect(await add([{ count: 5 }], { version })).toEqual([{ name: 'a', errorCode: ERROR.NONE, errorMessage: null }])
    expect(count()).toBe(5)
  })

  test('adds partitions that are assigned to this broker', async () => {
    expect(await add([{ count: 4, assignments: [[NODE_ID], [NODE_ID]] }])).toMatchObject([{ errorCode: ERROR.NONE }])
    expect(count()).toBe(4)
  })

  test('adds nothing if it is only asked to validate', async () => {
    expect(await add([{ count: 5 }], { validateOnly: true })).toMatchObject([{ errorCode: ERROR.NONE }])
    expect(count()).toBe(2)
  })

  const WRONG: [what: string, asked: Asked, code: number, message: RegExp][] = [
    ['the current number of partitions', { count: 2 }, ERROR.INVALID_PARTITIONS, /already has 2/],
    ['fewer partitions than the topic has', { count: 1 }, ERROR.INVALID_PARTITIONS, /currently has 2/],
    ['a negative number', { count: -1 }, ERROR.INVALID_PARTITIONS, /currently has 2/],
    ['too many partitions', { count: 2 ** 31 - 1 }, ERROR.INVALID_PARTITIONS, /expected at most/],
    ['an unknown topic', { name: 'unknown', count: 5 }, ERROR.UNKNOWN_TOPIC_OR_PARTITION, /expected an existing topic/],
    ['too few assignments', { count: 4, assignments: [[NODE_ID]] }, ERROR.INVALID_REPLICA_ASSIGNMENT, /got 1, expected 2/],
    ['too many assignments', { count: 3, assignments: [[NODE_ID], [NODE_ID]] }, ERROR.INVALID_REPLICA_ASSIGNMENT, /got 2, expected 1/],
    ['an empty list of assignments', { count: 3, assignments: [] }, ERROR.INVALID_REPLICA_ASSIGNMENT, /got 0, expected 1/],
    [
      'an assignment to another broker',
      { count: 3, assignments: [[1]] },
      ERROR.INVALID_REPLICA_ASSIGNMENT,
      /got brokers \[1\], expected \[7\]/,
    ],
  ]
  test.each(WRONG)('refuses %s and adds no partition', async (_, asked, errorCode, message) => {
    const [result] = await add([asked])
    expect(result?.errorCode).toBe(errorCode)
    expect(result?.errorMessage).toMatch(message)
    expect(count()).toBe(2)
  })

  test('refuses a topic that is listed twice, with one result, and adds partitions to the others', async () => {
    await admin.create([{ name: 'b' }])
    const results = await add([{ count: 3 }, { name: 'b', count: 2 }, { count: 4 }])
    expect(results.map(({ name, errorCode }) => [name, errorCode])).toEqual([
      ['b', ERROR.NONE],
      ['a', ERROR.INVALID_REQUEST],
    ])
    expect(count()).toBe(2)
  })
})
