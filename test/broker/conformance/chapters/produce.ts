import { createTopics, fetch, metadata, produce } from '../../../../broker/wire/tables/index.ts'
import { batch, FIRST_TIMESTAMP, type BatchOptions } from '../batches.ts'
import { CLOSED } from '../raw-connection.ts'
import type { Script } from '../script.ts'

const VERSIONS = [3, 4, 5, 6, 7, 8, 9, 10, 11]
const SNAPPY = 2
const ZSTD = 4
const NO_CODEC = 5
const LOG_APPEND_TIME = 8
const TRANSACTIONAL = 16
const CONTROL = 32
const NO_ANSWER_AFTER_MS = 1_000
const HOUR_MS = 3_600_000n
/** One more than message.max.bytes allows, header and all. */
const TOO_LARGE = 1_048_589
const HEADER_BYTES = 61
const RECORD_OVERHEAD_BYTES = 14

export const producing = {
  title: 'produce',
  steps: (s: Script) => {
    let topic: string
    /** Partition 0 takes what is right, partition 1 what is wrong, partition 2 what looks wrong and is right, 3 and 4 what only one of the brokers takes. */
    const send = (records: Buffer, { version = 8, acks = -1, partition = 1, name = topic } = {}) =>
      s.ask(produce, version, {
        transactionalId: null,
        acks,
        timeoutMs: 5_000,
        topicData: [{ name, partitionData: [{ index: partition, records: [records] }] }],
      })
    const wrong = (title: string, options: BatchOptions, partition = 1) => s.step(title, () => send(batch(options), { partition }))

    s.step('a topic for this chapter', async () => {
      topic = await s.newTopic('topic', 5)
      return 'made'
    })
    for (const version of VERSIONS)
      s.step(`Produce ${version} of one record`, () => send(batch({ records: [{ value: `v${version}` }] }), { version, partition: 0 }))
    s.step('three records in a batch take three offsets', () =>
      send(batch({ records: [{ value: 'a' }, { value: 'b' }, { key: 'k', value: null }] }), { partition: 0 }),
    )
    s.step('a compressed batch', () => send(batch({ records: [{ value: 'a' }, { value: 'b' }], isGzip: true }), { partition: 0 }))
    s.step('a batch that claims an offset', () => send(batch({ baseOffset: 77n }), { partition: 0 }))
    s.step('an internal topic', async () => {
      await s.untilGroups()
      return send(batch(), { name: '__consumer_offsets', partition: 0 })
    })
    s.step('acks of 1', () => send(batch(), { acks: 1, partition: 0 }))
    s.step('acks of 0 are not answered', async () => {
      const connection = await s.connect()
      connection.send(produce, 7, {
        transactionalId: null,
        acks: 0,
        timeoutMs: 5_000,
        topicData: [{ name: topic, partitionData: [{ index: 0, records: [batch({ records: [{ value: 'without an answer' }] })] }] }],
      })
      return connection.ask(metadata, 1, { topics: [] })
    })
    s.step('the log', () => read(s, topic, 0))

    for (const acks of [2, -2]) s.step(`acks of ${acks}`, () => send(batch(), { acks }))
    s.step('acks of 0 with an error close the connection', async () => {
      const connection = await s.connect()
      connection.send(produce, 7, {
        transactionalId: null,
        acks: 0,
        timeoutMs: 5_000,
        topicData: [{ name: topic, partitionData: [{ index: 1, records: [batch({ crc: 1 })] }] }],
      })
      return (await connection.frame()) ?? CLOSED
    })
    s.step('an unknown topic', () => send(batch(), { name: s.name('unknown') }))
    s.step('an invalid topic name', () => send(batch(), { name: 'with space' }))
    s.step('an unknown partition', () => send(batch(), { partition: 9 }))
    s.step('a negative partition', () => send(batch(), { partition: -1 }))
    s.step('no topic', () => s.ask(produce, 8, { transactionalId: null, acks: -1, timeoutMs: 5_000, topicData: [] }))
    s.step('no records: null', async () => {
      const connection = await s.connect()
      connection.send(produce, 8, {
        transactionalId: null,
        acks: -1,
        timeoutMs: 5_000,
        topicData: [{ name: topic, partitionData: [{ index: 1, records: null }] }],
      })
      return connection.frame(NO_ANSWER_AFTER_MS).then(
        frame => (frame ? 'an answer' : CLOSED),
        () => 'no answer',
      )
    })
    s.step('no records: no bytes', () => send(Buffer.alloc(0)))
    s.step('an empty batch', () => send(batch({ records: [], lastOffsetDelta: 0 })))
    s.step('two batches for a partition', () => send(Buffer.concat([batch(), batch()])))
    s.step('a truncated batch', () => send(batch().subarray(0, -1)))
    s.step('less than a header', () => send(batch().subarray(0, HEADER_BYTES - 10)))
    s.step('bytes after the batch', () => send(Buffer.concat([batch(), Buffer.alloc(5)]), { partition: 3 }))
    wrong('a wrong CRC', { crc: 1 })
    for (const magic of [0, 1, 3, -1]) wrong(`format ${magic}`, { magic })
    wrong('a count higher than the records', { count: 5, lastOffsetDelta: 4 })
    wrong('a count that is not the last delta plus one', { records: [{ value: 'a' }, { value: 'b' }], lastOffsetDelta: 5 })
    wrong('a negative count', { count: -1 })
    wrong('a length beyond the records', { lengthOff: 10 })
    wrong('a length before the end of the records', { lengthOff: -10 })
    wrong('a codec that does not exist', { attributes: NO_CODEC })
    wrong('a control batch', { attributes: CONTROL })
    wrong('a transactional batch without a transactional id', {
      attributes: TRANSACTIONAL,
      producerId: 1n,
      producerEpoch: 0,
      baseSequence: 0,
    })
    wrong('a batch with a log append time', { attributes: LOG_APPEND_TIME }, 4)
    wrong('a time two hours ahead', { baseTimestamp: BigInt(Date.now()) + 2n * HOUR_MS })
    wrong('a negative time', { baseTimestamp: -2n }, 2)
    wrong('a producer id without a sequence', { producerId: 5n, producerEpoch: 0 })
    wrong('a producer id without an epoch', { producerId: 5n, baseSequence: 0 }, 2)
    s.step('a batch of exactly the maximum size', () => send(sized(TOO_LARGE - 1), { partition: 0 }))
    s.step('a batch of one byte more', () => send(sized(TOO_LARGE)))
    s.step('zstd before version 7', () => send(batch({ attributes: ZSTD }), { version: 6 }))
    s.step('bytes that are not snappy', () => send(batch({ attributes: SNAPPY }), { partition: 3 }))
    s.step('several partitions, each with its own answer', () =>
      s.ask(produce, 8, {
        transactionalId: null,
        acks: -1,
        timeoutMs: 5_000,
        topicData: [
          {
            name: topic,
            partitionData: [
              { index: 0, records: [batch()] },
              { index: 1, records: [batch({ crc: 1 })] },
              { index: 9, records: [batch()] },
            ],
          },
          { name: s.name('unknown'), partitionData: [{ index: 0, records: [batch()] }] },
        ],
      }),
    )
    s.step('nothing invalid was stored', () => read(s, topic, 1))
    s.step('unusual but valid batches were stored', () => read(s, topic, 2))

    s.step('a topic with its own maximum size', async () => {
      const name = await s.newTopic('small', 1, { 'max.message.bytes': '100' })
      return [await send(sized(100), { name, partition: 0 }), await send(sized(101), { name, partition: 0 })]
    })
    s.step('a topic with log append time', async () => {
      const name = await s.newTopic('append-time', 1, { 'message.timestamp.type': 'LogAppendTime' })
      return [await send(batch(), { name, partition: 0 }), await read(s, name, 0)]
    })
    s.step('a compacted topic refuses a record without a key', async () => {
      const name = await s.newTopic('compacted', 1, { 'cleanup.policy': 'compact' })
      return [
        await send(batch({ records: [{ value: 'a' }] }), { name, partition: 0 }),
        await send(batch({ records: [{ key: 'k', value: 'a' }] }), { name, partition: 0 }),
      ]
    })
    s.step('times must be within the limits of the topic', async () => {
      const name = await s.newTopic('strict-time', 1, { 'message.timestamp.before.max.ms': '1000' })
      return send(batch({ baseTimestamp: FIRST_TIMESTAMP }), { name, partition: 0 })
    })
    s.step('a new topic can be written to at once', async () => {
      const name = s.name('at-once')
      await s.must(createTopics, 2, {
        topics: [{ name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }],
        timeoutMs: 5_000,
      })
      await s.untilTopic(name, 1)
      return send(batch(), { name, partition: 0 })
    })
  },
}

/** One batch of exactly `bytes` bytes. */
function sized(bytes: number): Buffer {
  for (let length = bytes - HEADER_BYTES - RECORD_OVERHEAD_BYTES; ; length++) {
    const made = batch({ records: [{ value: 'x'.repeat(Math.max(0, length)) }] })
    if (made.length >= bytes) return made
  }
}

async function read(s: Script, topic: string, partition: number): Promise<unknown> {
  const limits = { maxWaitMs: 0, minBytes: 0, maxBytes: 10_000_000 }
  const answer = await s.must(fetch, 6, {
    replicaId: -1,
    ...limits,
    topics: [{ topic, partitions: [{ partition, fetchOffset: 0n, partitionMaxBytes: 10_000_000 }] }],
  })
  return answer.responses
}
