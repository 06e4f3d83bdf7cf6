import { initProducerId, produce } from '../../../../broker/wire/tables/index.ts'
import { until } from '../../../support/programs.ts'
import { batch } from '../batches.ts'
import { CLOSED, type Received } from '../raw-connection.ts'
import type { Script } from '../script.ts'

const RETRIABLE: ReadonlySet<number> = new Set([14, 15, 16])

export const transactions = {
  title: 'transactions',
  steps: (s: Script) => {
    for (const version of [0, 1, 2, 3, 4]) {
      s.step(`InitProducerId ${version} with a transactional id`, async () => {
        let answer: Received<typeof initProducerId> | typeof CLOSED = CLOSED
        await until('the coordinator has loaded', async () => {
          answer = await s.ask(initProducerId, version, { transactionalId: s.name(`id-${version}`), transactionTimeoutMs: 10_000 })
          return answer === CLOSED || !RETRIABLE.has(answer.errorCode)
        })
        return answer
      })
    }
    s.step('a batch with a transactional id that was not begun', async () => {
      const name = await s.newTopic('topic')
      const records = [batch({ attributes: 16, producerId: 1_000_000n, producerEpoch: 0, baseSequence: 0 })]
      return s.ask(produce, 8, {
        transactionalId: s.name('never'),
        acks: -1,
        timeoutMs: 5_000,
        topicData: [{ name, partitionData: [{ index: 0, records }] }],
      })
    })
  },
}
