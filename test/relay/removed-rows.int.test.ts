import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { readHeads } from '../../src/ledger/heads.ts'
import { countRange } from '../../src/ledger/ranges.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { sumOfHeads } from '../../src/terms/position.ts'
import { pingsAt, record, rowsOf, setUp, sql, withClient } from '../ledger/ledger-fixture.ts'
import { sharedKafka, uniqueName } from '../support/kafka.ts'
import { testDatabase, type TestDatabase } from '../support/postgres.ts'
import { createPublisher, createRelay, readEvents, undisturbed, untilSettled, type TestRelay } from './relay-fixture.ts'

const RESTARTED = /rows of pings were deleted or replaced/

describe('a relay whose rows were deleted', { timeout: 180_000 }, () => {
  let database: TestDatabase
  let brokers: string
  let topic: string
  let started: TestRelay
  let relay: TestRelay['relay']
  let errors: string[]

  /** Everything recorded is in the topic, folded and counted; the rows before, if any, are not missed. */
  async function expectHealed(): Promise<void> {
    await untilSettled(database)
    const rows = await rowsOf<{ place: string }>(database, "select lane || '/' || seq || '/' || tag as place from pings")
    const inTopic = new Set((await readEvents(brokers, topic)).map(({ lane, seq, tag }) => `${lane}/${seq}/${tag}`))
    expect(rows.filter(({ place }) => !inTopic.has(place))).toEqual([])
    await withClient(database, async client => {
      expect(await countRange(client, -(2n ** 63n), 2n ** 63n - 1n)).toBe(BigInt(rows.length))
      expect(sumOfHeads(await readHeads(client))).toBe(BigInt(rows.length))
    })
  }

  const recordIn = (lane: number, count: number) =>
    withClient(database, async client => relay.offer(await record(client, lane, pingsAt(...Array.from({ length: count }, () => lane)))))

  /** Published and folded to its last row, if there are holes in it. */
  const laneIsSettled = () =>
    expect
      .poll(() =>
        rowsOf(
          database,
          'select (select max(seq) from pings where lane = 0) = published_seq and published_seq = folded_seq as settled from ping_lanes where lane = 0',
        ),
      )
      .toEqual([{ settled: true }])

  const placesIn = async (lane: number) => {
    const places = `select seq || ' ' || tag || ' ' || id as place from pings where lane = ${lane} order by seq`
    return (await rowsOf<{ place: string }>(database, places)).map(({ place }) => place)
  }

  beforeAll(async () => {
    brokers = await sharedKafka()
  })
  const begin = async () => {
    ;[database, topic, errors] = [await testDatabase(), uniqueName('removed'), []]
    await setUp(database, 2)
    const log = Object.assign(createLogger({ name: 'test', level: 'silent' }), {
      error: (_: object, message: string) => void errors.push(message),
    })
    started = createRelay(database.config, createPublisher(brokers, topic), { log })
    relay = started.relay
    relay.start()
    await expect.poll(() => relay.lanes.length).toBe(2)
    await recordIn(0, 5)
    await recordIn(1, 3)
    await untilSettled(database)
  }
  const end = async () => {
    await relay.stop()
    await database.drop()
  }
  beforeEach(begin)
  afterEach(end)

  test.each([
    ['TRUNCATE', 'truncate pings'],
    ['a DELETE of all', 'delete from pings'],
  ])('continues after %s, with fewer and with more rows than before, and logs one error per lane', async (_, statement) => {
    await sql(database, statement)
    await expect.poll(() => errors.filter(message => RESTARTED.test(message)).length).toBeGreaterThan(0)
    await expect.poll(() => rowsOf(database, 'select lane from ping_lanes where published_seq > 0')).toEqual([])
    await recordIn(0, 2)
    await expectHealed()
    await recordIn(0, 9)
    await recordIn(1, 9)
    await expectHealed()
    expect(errors.filter(message => RESTARTED.test(message)).length).toBeLessThanOrEqual(2)
  })

  test('continues if other rows have replaced them by its next check', async () => {
    await withClient(database, async client => {
      await client.query('begin; truncate pings')
      await record(client, 0, pingsAt(1, 2, 3, 4, 5)) // to the very seq that was published
      await record(client, 1, pingsAt(1, 2, 3, 4, 5))
      await client.query('commit')
    })
    await expectHealed()
    expect(errors.some(message => RESTARTED.test(message))).toBe(true)
  })

  test('continues after the second half of a lane was deleted, and publishes the rest of the lane again', async () => {
    await sql(database, 'delete from pings where lane = 0 and seq > 2')
    await recordIn(0, 1)
    await expectHealed()
    expect(await rowsOf(database, 'select published_seq::int as seq from ping_lanes order by lane')).toEqual([{ seq: 3 }, { seq: 3 }])
  })

  test.each([
    ['in the rows of one batch', 'seq in (2, 5)'],
    ['between two batches, and the first rows', 'seq in (1, 4, 5, 6, 7)'],
  ])('publishes each remaining row once more under its number, if the deletion left a hole %s', async (_, removed) => {
    await undisturbed(
      () => [started],
      async () => {
        await end()
        await begin()
      },
      async () => {
        await recordIn(0, 4)
        await untilSettled(database)
        await sql(database, `delete from pings where lane = 0 and (${removed} or seq = 9)`) // with the last, which was published
        const places = await placesIn(0)
        await laneIsSettled()
        const published = async () =>
          (await readEvents(brokers, topic)).filter(({ lane }) => lane === 0).map(({ seq, tag, id }) => `${seq} ${tag} ${id}`)
        const events = await published()
        // Two further rows, each after the relay has looked at the lane several times.
        for (let round = 0; round < 2; round++) {
          await recordIn(0, 1)
          await laneIsSettled()
        }
        const [all, further] = [await published(), (await placesIn(0)).slice(places.length)]
        return async () => {
          expect(events.slice(9)).toEqual(places)
          expect(all).toEqual([...events, ...further]) // and not again and again
        }
      },
    )
  })

  test('folds past a hole of more rows than one fold takes', async () => {
    await relay.stop()
    await withClient(database, async client => {
      await record(client, 0, pingsAt(...Array.from({ length: 6_000 }, () => 1)))
      await record(client, 0, pingsAt(60_000))
    })
    await sql(database, 'delete from pings where lane = 0 and seq between 6 and 6005')
    relay = createRelay(database.config, createPublisher(brokers, topic)).relay
    relay.start()
    await expect
      .poll(() => rowsOf(database, 'select published_seq::int as published, folded_seq::int as folded from ping_lanes where lane = 0'))
      .toEqual([{ published: 6_006, folded: 6_006 }])
    expect(await rowsOf(database, 'select minute::int as minute, count::int as count from ping_minutes where lane = 0 order by 1')).toEqual(
      [
        { minute: 0, count: 5 },
        { minute: 1, count: 1 },
      ],
    )
  })

  test('detects at its start what was deleted before', async () => {
    await relay.stop()
    await sql(database, 'truncate pings')
    const { relay: later } = createRelay(database.config, createPublisher(brokers, topic))
    relay = later
    relay.start()
    await recordIn(1, 2)
    await expectHealed()
  })

  test('restarts no lane whose rows are present', async () => {
    await recordIn(0, 40)
    await sql(database, 'delete from pings where lane = 1 and seq = 1') // a hole below what was published: verify names it
    await recordIn(1, 2)
    await expect
      .poll(async () =>
        (await rowsOf(database, 'select published_seq::int as seq from ping_lanes order by lane')).map(row => (row as { seq: number }).seq),
      )
      .toEqual([45, 5])
    expect(errors).toEqual([])
  })
})
