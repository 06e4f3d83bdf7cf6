import { fetch, initProducerId, produce } from '../../../../broker/wire/tables/index.ts'
import { batch } from '../batches.ts'
import type { Script } from '../script.ts'

const LAST_SEQUENCE = 0x7fff_ffff
const NO_TIMEOUT_MS = 0x7fff_ffff
const REMEMBERED_BATCHES = 5

export const idempotence = {
  title: 'idempotence',
  steps: (s: Script) => {
    let topic: string
    let producerId = -1n
    const send = (baseSequence: number, { count = 1, producerEpoch = 0, partition = 0, id = producerId, value = 'a' } = {}) => {
      const records = Array.from({ length: count }, (_, index) => ({ value: `${value}${index}` }))
      return s.ask(produce, 8, {
        transactionalId: null,
        acks: -1,
        timeoutMs: 5_000,
        topicData: [
          {
            name: topic,
            partitionData: [{ index: partition, records: [batch({ records, producerId: id, producerEpoch, baseSequence })] }],
          },
        ],
      })
    }
    s.step('a topic for this chapter', async () => {
      topic = await s.newTopic('topic', 4)
      await s.untilProducerIds()
      return 'made'
    })
    for (const version of [0, 1, 2, 3, 4]) {
      s.step(`InitProducerId ${version}`, async () => {
        const answer = await s.must(initProducerId, version, { transactionalId: null, transactionTimeoutMs: NO_TIMEOUT_MS })
        producerId = answer.producerId
        return answer
      })
    }
    s.step('InitProducerId with the id and epoch that it has', () =>
      s.ask(initProducerId, 4, { transactionalId: null, transactionTimeoutMs: NO_TIMEOUT_MS, producerId, producerEpoch: 0 }),
    )
    s.step('InitProducerId with an id and no epoch', () =>
      s.ask(initProducerId, 4, { transactionalId: null, transactionTimeoutMs: NO_TIMEOUT_MS, producerId, producerEpoch: -1 }),
    )
    s.step('InitProducerId with an empty transactional id', () =>
      s.ask(initProducerId, 4, { transactionalId: '', transactionTimeoutMs: 10_000 }),
    )
    s.step('the first batch', () => send(0, { count: 3 }))
    s.step('the same batch again returns the original offset', () => send(0, { count: 3 }))
    s.step('other records with the same sequence are treated as a duplicate', () => send(0, { count: 3, value: 'other' }))
    s.step('a batch that overlaps', () => send(0, { count: 2 }))
    s.step('the next batch', () => send(3))
    s.step('a gap', () => send(7))
    s.step('the log after that', () => read(s, topic))
    for (let sequence = 4; sequence < 4 + REMEMBERED_BATCHES; sequence++) s.step(`number ${sequence}`, () => send(sequence))
    s.step('the fifth last again', () => send(4))
    s.step('the sixth last again', () => send(3))
    s.step('a batch of many, the first of them known', () => send(8, { count: 2 }))
    s.step('a higher epoch that does not start at zero', () => send(9, { producerEpoch: 1 }))
    s.step('a higher epoch that starts at zero', () => send(0, { producerEpoch: 1 }))
    s.step('a lower epoch', () => send(9, { producerEpoch: 0 }))
    s.step('the next of the higher epoch', () => send(1, { producerEpoch: 1 }))
    s.step('an unknown producer may start anywhere', () => send(42, { id: producerId + 1_000_000n, partition: 1 }))
    s.step('and continues from there', () => send(43, { id: producerId + 1_000_000n, partition: 1 }))
    s.step('but not with a gap', () => send(45, { id: producerId + 1_000_000n, partition: 1 }))
    s.step('the sequence continues at zero after the last number', () => send(LAST_SEQUENCE, { partition: 2 }))
    s.step('which is zero', () => send(0, { partition: 2 }))
    s.step('and is remembered', () => send(LAST_SEQUENCE, { partition: 2 }))
    s.step('a batch across the last number', () => send(LAST_SEQUENCE - 1, { partition: 3, count: 4 }))
    s.step('the next after it', () => send(2, { partition: 3 }))
    s.step('the batch across again', () => send(LAST_SEQUENCE - 1, { partition: 3, count: 4 }))
    s.step('the log at the end', () => read(s, topic))
  },
}

async function read(s: Script, topic: string): Promise<unknown> {
  const limits = { maxWaitMs: 0, minBytes: 0, maxBytes: 10_000_000 }
  const partitions = [0, 1, 2, 3].map(partition => ({ partition, fetchOffset: 0n, partitionMaxBytes: 1_000_000 }))
  const answer = await s.must(fetch, 6, { replicaId: -1, ...limits, topics: [{ topic, partitions }] })
  return answer.responses
}
