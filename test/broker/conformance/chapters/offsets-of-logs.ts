import { deleteRecords, listOffsets, offsetForLeaderEpoch, produce } from '../../../../broker/wire/tables/index.ts'
import { batch, FIRST_TIMESTAMP, type BatchRecord } from '../batches.ts'
import type { Script } from '../script.ts'

const LATEST = -1n
const EARLIEST = -2n
const MAX_TIMESTAMP = -3n
const EARLIEST_LOCAL = -4n

export const offsetsOfLogs = {
  title: 'offsets of logs',
  steps: (s: Script) => {
    let topic: string
    const at = (timestamp: bigint, { version = 8, partition = 0, name = topic, isolationLevel = 0, currentLeaderEpoch = -1 } = {}) =>
      s.ask(listOffsets, version, {
        replicaId: -1,
        isolationLevel,
        topics: [{ name, partitions: [{ partitionIndex: partition, currentLeaderEpoch, timestamp }] }],
      })
    const put = (records: readonly BatchRecord[], isGzip = false) =>
      s.must(produce, 7, {
        transactionalId: null,
        acks: -1,
        timeoutMs: 5_000,
        topicData: [{ name: topic, partitionData: [{ index: 0, records: [batch({ records, isGzip })] }] }],
      })
    const epochEnd = (leaderEpoch: number, { version = 4, partition = 0, name = topic, currentLeaderEpoch = -1 } = {}) =>
      s.ask(offsetForLeaderEpoch, version, {
        replicaId: -1,
        topics: [{ topic: name, partitions: [{ partition, currentLeaderEpoch, leaderEpoch }] }],
      })

    s.step('a topic with records 0, 10, 20 ms, gzipped 40, 30, 50 ms, and 45 ms after its first time', async () => {
      topic = await s.newTopic('topic', 2)
      await put([{ value: 'a' }, { value: 'b', timestampDelta: 10 }, { value: 'c', timestampDelta: 20 }])
      await put(
        [
          { value: 'd', timestampDelta: 40 },
          { value: 'e', timestampDelta: 30 },
          { value: 'f', timestampDelta: 50 },
        ],
        true,
      )
      return put([{ value: 'g', timestampDelta: 45 }])
    })
    for (const version of [1, 2, 3, 4, 5, 6, 7, 8]) {
      s.step(`ListOffsets ${version}: latest, earliest and by time`, async () => [
        await at(LATEST, { version }),
        await at(EARLIEST, { version }),
        await at(FIRST_TIMESTAMP + 10n, { version }),
      ])
    }
    for (const [ms, what] of [
      [-1n, 'before the first'],
      [0n, 'of the first'],
      [1n, 'between two'],
      [20n, 'of the last of a batch'],
      [21n, 'between batches'],
      [40n, 'within a compressed batch'],
      [41n, 'after records out of order'],
      [50n, 'the highest'],
      [51n, 'after all'],
    ] as const) {
      s.step(`the time ${what} (${ms} ms)`, () => at(FIRST_TIMESTAMP + ms))
    }
    s.step('the record with the highest time', () => at(MAX_TIMESTAMP))
    s.step('the record with the highest time, before version 7', () => at(MAX_TIMESTAMP, { version: 6 }))
    s.step('the highest time of an empty partition', () => at(MAX_TIMESTAMP, { partition: 1 }))
    s.step('the earliest local offset', () => at(EARLIEST_LOCAL))
    s.step('the earliest local offset, before version 8', () => at(EARLIEST_LOCAL, { version: 7 }))
    s.step('a special time that does not exist', () => at(-99n))
    s.step('an empty partition', async () => [
      await at(LATEST, { partition: 1 }),
      await at(EARLIEST, { partition: 1 }),
      await at(0n, { partition: 1 }),
    ])
    s.step('the last stable offset', () => at(LATEST, { isolationLevel: 1 }))
    s.step('an unknown partition', () => at(LATEST, { partition: 9 }))
    s.step('an unknown topic', () => at(LATEST, { name: s.name('unknown') }))
    s.step('the right leader epoch', () => at(LATEST, { currentLeaderEpoch: 0 }))
    s.step('a leader epoch from the future', () => at(LATEST, { currentLeaderEpoch: 7 }))
    s.step('the same partition twice', () =>
      s.ask(listOffsets, 5, {
        replicaId: -1,
        isolationLevel: 0,
        topics: [
          {
            name: topic,
            partitions: [
              { partitionIndex: 0, timestamp: LATEST },
              { partitionIndex: 0, timestamp: EARLIEST },
            ],
          },
        ],
      }),
    )

    for (const version of [2, 3, 4]) s.step(`OffsetForLeaderEpoch ${version}: the end of the current epoch`, () => epochEnd(0, { version }))
    s.step('the end of an epoch from the future', () => epochEnd(7))
    s.step('the end of no epoch', () => epochEnd(-1))
    s.step('the end of an epoch in an empty partition', () => epochEnd(0, { partition: 1 }))
    s.step('the end of an epoch, the current one from the future', () => epochEnd(0, { currentLeaderEpoch: 7 }))
    s.step('the end of an epoch of an unknown partition', () => epochEnd(0, { partition: 9 }))
    s.step('the end of an epoch of an unknown topic', () => epochEnd(0, { name: s.name('unknown') }))

    const remove = (offset: bigint, { version = 2, partition = 0, name = topic } = {}) =>
      s.ask(deleteRecords, version, { topics: [{ name, partitions: [{ partitionIndex: partition, offset }] }], timeoutMs: 5_000 })
    for (const version of [0, 1, 2]) s.step(`DeleteRecords ${version}`, () => remove(BigInt(version), { version }))
    s.step('deleted records, then an offset before', () => remove(1n))
    s.step('DeleteRecords beyond the end', () => remove(8n))
    s.step('DeleteRecords of an unknown partition', () => remove(1n, { partition: 9 }))
    s.step('DeleteRecords of an unknown topic', () => remove(1n, { name: s.name('unknown') }))
    s.step('DeleteRecords below -1', () => remove(-2n))
    s.step('times and the start after deleting', async () => [await at(EARLIEST), await at(FIRST_TIMESTAMP), await at(EARLIEST_LOCAL)])
    s.step('DeleteRecords of all', () => remove(-1n))
    s.step('the offsets after deleting all', async () => [
      await at(EARLIEST),
      await at(LATEST),
      await at(FIRST_TIMESTAMP),
      await at(MAX_TIMESTAMP),
    ])
  },
}
