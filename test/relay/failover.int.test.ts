import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { pingsAt, record, rowsOf, setUp, withClient } from '../ledger/ledger-fixture.ts'
import { sharedKafka, uniqueName } from '../support/kafka.ts'
import { startPostgres } from '../support/postgres.ts'
import { createPublisher, createRelay, expectPublished, untilSettled } from './relay-fixture.ts'

describe('a failover that lost rows', () => {
  test('continues the lanes in the new history, including other pings under the same seqs', { timeout: 240_000 }, async () => {
    const [brokers, topic] = [await sharedKafka(), uniqueName('failover')]
    const postgres = await startPostgres()
    const database = await postgres.createDatabase()
    await setUp(database, 2)
    const { relay } = createRelay(database.config, createPublisher(brokers, topic))
    relay.start()
    const recordThree = async (time: number) => {
      await withClient(database, async client => relay.offer(await record(client, 0, pingsAt(time, time, time))))
      await untilSettled(database, 60_000)
    }
    try {
      await recordThree(1)
      await postgres.kill9()
      execFileSync('cp', ['-a', postgres.dataDir, `${postgres.dataDir}.older`])
      await postgres.restart()
      await recordThree(2)
      await postgres.kill9()
      execFileSync('sh', ['-c', 'rm -rf "$0" && mv "$0.older" "$0"', postgres.dataDir])
      await postgres.restart()
      await recordThree(3)
      const events = await expectPublished(database, brokers, topic)
      const seqs = (time: bigint) => new Set(events.filter(event => event.timestampMs === time).map(({ seq }) => seq))
      expect([seqs(1n), seqs(2n), seqs(3n)]).toEqual([new Set([1n, 2n, 3n]), new Set([4n, 5n, 6n]), new Set([4n, 5n, 6n])])
      expect(await rowsOf(database, 'select published_seq, folded_seq from ping_lanes where lane = 0')).toEqual([
        { published_seq: 6n, folded_seq: 6n },
      ])
    } finally {
      await relay.stop()
      await postgres.stop()
    }
  })
})
