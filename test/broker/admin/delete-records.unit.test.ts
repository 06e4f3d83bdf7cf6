import { beforeEach, describe, expect, test } from 'vitest'
import { ERROR } from '../../../broker/errors.ts'
import { encodeBatch } from '../../../broker/records/records.ts'
import { deleteRecords } from '../../../broker/wire/tables/index.ts'
import { AdminUnderTest } from './admin-under-test.ts'

const RECORDS = 5

describe('DeleteRecords', () => {
  let admin: AdminUnderTest
  beforeEach(async () => {
    admin = new AdminUnderTest()
    await admin.create([
      { name: 'a', numPartitions: 2 },
      { name: 'kept', configs: { 'cleanup.policy': 'compact' } },
    ])
    const log = admin.topics.partition('a', 0)
    for (let index = 0; index < RECORDS; index++) log.append(encodeBatch([{ key: null, value: Buffer.from('x') }], { timestamp: 1n }))
  })
  const remove = async (name: string, partitions: readonly (readonly [partitionIndex: number, offset: bigint])[], version = 2) => {
    const topics = [{ name, partitions: partitions.map(([partitionIndex, offset]) => ({ partitionIndex, offset })) }]
    return (await admin.ask(deleteRecords, version, { topics, timeoutMs: 1000 })).topics[0]?.partitions
  }
  const startOffset = () => admin.topics.partition('a', 0).startOffset

  test.each([0, 1, 2])('deletes the records before an offset, in version %i', async version => {
    expect(await remove('a', [[0, 3n]], version)).toEqual([{ partitionIndex: 0, lowWatermark: 3n, errorCode: ERROR.NONE }])
    expect(startOffset()).toBe(3n)
  })

  test('deletes all records for the offset -1', async () => {
    expect(await remove('a', [[0, -1n]])).toMatchObject([{ lowWatermark: 5n, errorCode: ERROR.NONE }])
    expect(startOffset()).toBe(5n)
  })

  test('does not move the start offset back', async () => {
    await remove('a', [[0, 3n]])
    expect(await remove('a', [[0, 1n]])).toMatchObject([{ lowWatermark: 3n, errorCode: ERROR.NONE }])
  })

  test('returns an error for each partition', async () => {
    expect(
      await remove('a', [
        [0, 6n],
        [0, -2n],
        [9, 0n],
        [-1, 0n],
        [1, 0n],
      ]),
    ).toEqual([
      { partitionIndex: 0, lowWatermark: -1n, errorCode: ERROR.OFFSET_OUT_OF_RANGE },
      { partitionIndex: 0, lowWatermark: -1n, errorCode: ERROR.OFFSET_OUT_OF_RANGE },
      { partitionIndex: 9, lowWatermark: -1n, errorCode: ERROR.UNKNOWN_TOPIC_OR_PARTITION },
      { partitionIndex: -1, lowWatermark: -1n, errorCode: ERROR.UNKNOWN_TOPIC_OR_PARTITION },
      { partitionIndex: 1, lowWatermark: 0n, errorCode: ERROR.NONE },
    ])
    expect(startOffset()).toBe(0n)
  })

  test('returns the partitions of each topic with that topic', async () => {
    const partitions = [
      { partitionIndex: 0, offset: 1n },
      { partitionIndex: 1, offset: 0n },
    ]
    const { topics } = await admin.ask(deleteRecords, 2, {
      topics: [
        { name: 'unknown', partitions: partitions.slice(0, 1) },
        { name: 'a', partitions },
      ],
      timeoutMs: 1000,
    })
    expect(topics.map(({ name, partitions: answered }) => [name, answered.map(({ errorCode }) => errorCode)])).toEqual([
      ['unknown', [ERROR.UNKNOWN_TOPIC_OR_PARTITION]],
      ['a', [ERROR.NONE, ERROR.NONE]],
    ])
  })

  test('is refused for a topic whose cleanup policy does not include delete', async () => {
    expect(await remove('kept', [[0, 0n]])).toMatchObject([{ errorCode: ERROR.POLICY_VIOLATION }])
  })
})
