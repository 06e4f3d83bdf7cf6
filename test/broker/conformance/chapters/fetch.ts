import { deleteRecords, fetch, produce } from '../../../../broker/wire/tables/index.ts'
import { batch } from '../batches.ts'
import type { RawConnection, Sent } from '../raw-connection.ts'
import type { Script } from '../script.ts'

const VERSIONS = [4, 5, 6, 7, 8, 9, 10, 11, 12]
const BIG = 'x'.repeat(5_000)
/** Longer than any answer takes that does not wait. */
const LONG_WAIT_MS = 60_000
const SHORT_WAIT_MS = 300

interface Wanted {
  readonly partition?: number
  readonly offset?: bigint
  readonly partitionMaxBytes?: number
  readonly currentLeaderEpoch?: number
  readonly lastFetchedEpoch?: number
}

export const fetching = {
  title: 'fetch',
  steps: (s: Script) => {
    let topic: string
    const request = (wanted: readonly Wanted[], rest: Partial<Sent<typeof fetch>> = {}, name = topic): Sent<typeof fetch> => ({
      replicaId: -1,
      maxWaitMs: 0,
      minBytes: 1,
      maxBytes: 1_000_000,
      topics: [
        {
          topic: name,
          partitions: wanted.map(({ partition = 0, offset = 0n, partitionMaxBytes = 1_000_000, ...epochs }) => ({
            partition,
            fetchOffset: offset,
            partitionMaxBytes,
            ...epochs,
          })),
        },
      ],
      ...rest,
    })
    const ask = (wanted: readonly Wanted[], rest: Partial<Sent<typeof fetch>> = {}, version = 11) =>
      s.ask(fetch, version, request(wanted, rest))
    const put = (connection: Pick<RawConnection, 'ask'>, partition: number, value: string) =>
      connection.ask(produce, 7, {
        transactionalId: null,
        acks: -1,
        timeoutMs: 5_000,
        topicData: [
          { name: topic, partitionData: [{ index: partition, records: [batch({ records: [{ value }, { value: `${value}'` }] })] }] },
        ],
      })

    s.step('a topic with five batches of two records, the fourth of them big, and one batch in the next partition', async () => {
      topic = await s.newTopic('topic', 3)
      for (const value of ['a', 'b', 'c', BIG, 'e']) await put(s, 0, value)
      return put(s, 1, 'other')
    })
    for (const version of VERSIONS) s.step(`Fetch ${version} from the beginning`, () => ask([{}], {}, version))
    s.step('an offset inside a batch returns the whole batch', () => ask([{ offset: 3n, partitionMaxBytes: 1 }]))
    s.step('the end returns nothing', () => ask([{ offset: 10n }]))
    s.step('beyond the end', () => ask([{ offset: 11n }]))
    s.step('before the beginning', () => ask([{ offset: -1n }]))
    s.step('beyond the end, with a long wait, is answered at once', () =>
      quickly(() => ask([{ offset: 11n }], { maxWaitMs: LONG_WAIT_MS })),
    )
    s.step('the first batch is returned even if the limits are small', () => ask([{ partitionMaxBytes: 1 }], { maxBytes: 1 }))
    s.step('a big first batch is returned whole', () => ask([{ offset: 6n, partitionMaxBytes: 10 }]))
    s.step('further batches are returned only if they fit whole', () =>
      ask([{ partitionMaxBytes: 3 * batch({ records: [{ value: 'a' }, { value: "a'" }] }).length + 100 }]),
    )
    s.step('a partition limit of zero', () => ask([{ partitionMaxBytes: 0 }]))
    s.step('several partitions', () => ask([{}, { partition: 1 }, { partition: 2 }]))
    s.step('the total limit is used up by the first partition', () => ask([{}, { partition: 1 }], { maxBytes: 200 }))
    s.step('a total limit of one byte returns a single batch', () => ask([{}, { partition: 1 }], { maxBytes: 1 }))
    s.step('an unknown partition and a known one', () => ask([{ partition: 1 }, { partition: 9 }]))
    s.step('an unknown topic', () => s.ask(fetch, 11, request([{}], {}, s.name('unknown'))))
    s.step('an error is answered at once', () => quickly(() => ask([{ partition: 9 }], { maxWaitMs: LONG_WAIT_MS })))
    s.step('no topic', () => s.ask(fetch, 11, { ...request([]), topics: [] }))
    s.step('a read of committed records only', () => ask([{ offset: 8n }], { isolationLevel: 1 }))
    s.step('the right current leader epoch', () => ask([{ offset: 8n, currentLeaderEpoch: 0 }]))
    s.step('a current leader epoch from the future', () => ask([{ offset: 8n, currentLeaderEpoch: 7 }]))
    s.step('the right last fetched epoch', () => ask([{ offset: 8n, lastFetchedEpoch: 0 }], {}, 12))
    s.step('a last fetched epoch from the future', () => ask([{ offset: 8n, lastFetchedEpoch: 7 }], {}, 12))

    s.step('waits for the minimum of bytes, then returns what there is', async () => {
      const start = Date.now()
      const answer = await ask([{ offset: 8n }], { minBytes: 100_000, maxWaitMs: SHORT_WAIT_MS })
      return [answer, { hasWaited: Date.now() - start >= SHORT_WAIT_MS - 20 }]
    })
    s.step('waits at the end until there is a record', async () => {
      const other = await s.connect()
      const waiting = quickly(() => ask([{ partition: 2 }], { maxWaitMs: LONG_WAIT_MS }))
      await put(other, 2, 'late')
      return waiting
    })
    s.step('is not answered before there are enough bytes', async () => {
      const other = await s.connect()
      const size = batch({ records: [{ value: 'late' }, { value: "late'" }] }).length
      const waiting = quickly(() => ask([{ partition: 2, offset: 2n }], { maxWaitMs: LONG_WAIT_MS, minBytes: size + 1 }))
      await put(other, 2, 'late')
      await put(other, 2, 'more')
      return waiting
    })
    s.step('a request after a waiting one is answered after it', async () => {
      const connection = await s.connect()
      const sent = [
        connection.send(fetch, 11, request([{ offset: 10n }], { maxWaitMs: SHORT_WAIT_MS })),
        connection.send(fetch, 11, request([{ offset: 8n }])),
      ]
      const got = [await connection.frame(), await connection.frame()].map(frame => frame?.readInt32BE(0))
      return got.map(id => sent.indexOf(id ?? 0))
    })
    s.step('a minimum of zero bytes does not wait', () => quickly(() => ask([{ offset: 10n }], { minBytes: 0, maxWaitMs: LONG_WAIT_MS })))

    s.step('a new session', () => ask([{ offset: 8n }], { sessionId: 0, sessionEpoch: 0 }))
    s.step('no session', () => ask([{ offset: 8n }], { sessionId: 0, sessionEpoch: -1 }))
    s.step('an unknown session', () => ask([{ offset: 8n }], { sessionId: 123_456, sessionEpoch: 1 }))
    s.step('the end of an unknown session', () => ask([{ offset: 8n }], { sessionId: 123_456, sessionEpoch: -1 }))

    s.step('records are deleted up to an offset', () => deleteTo(s, topic, 5n))
    s.step('a deleted offset is out of range', () => ask([{ offset: 4n }]))
    s.step('the first remaining offset', () => ask([{ offset: 5n, partitionMaxBytes: 1 }]))
  },
}

async function quickly(run: () => Promise<unknown>): Promise<unknown> {
  const start = Date.now()
  const answer = await run()
  return [answer, { isQuick: Date.now() - start < LONG_WAIT_MS / 2 }]
}

function deleteTo(s: Script, topic: string, offset: bigint): Promise<unknown> {
  return s.ask(deleteRecords, 2, { topics: [{ name: topic, partitions: [{ partitionIndex: 0, offset }] }], timeoutMs: 5_000 })
}
