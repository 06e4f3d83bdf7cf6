import { randomUUID } from 'node:crypto'
import { fromBinary } from '@bufbuild/protobuf'
import { Kafka, logLevel } from 'kafkajs'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { PingRequestSchema } from '../../src/gen/ping/v1/ping_pb.ts'
import { countRange } from '../../src/ledger/ranges.ts'
import { recordBatch } from '../../src/ledger/record.ts'
import { pingsAt, record, rowsOf, setUp, sql, withClient } from '../ledger/ledger-fixture.ts'
import { ping, startRecorder } from '../recorder/recorder-fixture.ts'
import { kafkaKindsAtDepth, sharedKafka, uniqueName } from '../support/kafka.ts'
import { testDatabase, type TestDatabase } from '../support/postgres.ts'
import {
  createPublisher,
  createRelay,
  expectPublished,
  readRecords,
  undisturbed,
  untilSettled,
  type Check,
  type TestRelay,
} from './relay-fixture.ts'

const LANES = 4

describe.each(kafkaKindsAtDepth())('a relay (%s)', { timeout: 180_000 }, kind => {
  let database: TestDatabase
  let brokers: string
  let topic: string
  let started: TestRelay[] = []

  function start(): TestRelay {
    const relay = createRelay(database.config, createPublisher(brokers, topic))
    started.push(relay)
    relay.relay.start()
    return relay
  }

  beforeAll(async () => {
    brokers = await sharedKafka(kind)
    await (await testDatabase()).drop()
  })
  const begin = async () => {
    topic = uniqueName('relay')
    database = await testDatabase()
    await setUp(database, LANES)
  }
  const end = async () => {
    await Promise.all(started.map(({ relay }) => relay.stop()))
    started = []
    await database.drop()
  }
  beforeEach(begin)
  afterEach(end)
  const once = (scenario: () => Promise<Check>) =>
    undisturbed(
      () => started,
      async () => {
        await end()
        await begin()
      },
      scenario,
    )

  test('publishes what the recorder hands over in order, each ping once, and folds it', async () => {
    await once(async () => {
      const { relay, retries } = start()
      const { recorder } = startRecorder(database.config, { preferredLanes: () => relay.lanes, onRecorded: batch => relay.offer(batch) })
      await expect.poll(() => relay.lanes.length).toBe(LANES)
      for (let round = 0; round < 30; round++)
        await Promise.all(Array.from({ length: 40 }, (_, n) => recorder.record(ping(BigInt(n * 1_000)))))
      await untilSettled(database)
      await recorder.stop()
      return async () => {
        const events = await expectPublished(database, brokers, topic)
        expect(events).toHaveLength(1_200)
        expect(retries()).toBe(0)
        expect(await withClient(database, client => countRange(client, 0n, 20_000n))).toBe(600n)
      }
    })
  })

  test('publishes rows by hand and from another recorder among those handed over', async () => {
    await once(async () => {
      const { relay } = start()
      const near = startRecorder(database.config, { onRecorded: batch => relay.offer(batch) })
      const far = startRecorder(database.config)
      await Promise.all([
        ...Array.from({ length: 20 }, async () => {
          for (let n = 0; n < 10; n++) await near.recorder.record(ping())
        }),
        ...Array.from({ length: 20 }, async () => {
          for (let n = 0; n < 10; n++) await far.recorder.record(ping())
        }),
        sql(database, ...Array.from({ length: 50 }, () => `insert into pings values ('${randomUUID()}', now())`)),
      ])
      await untilSettled(database)
      await sql(database, `insert into pings values ('${randomUUID()}', now())`) // with nothing handed over after it
      await untilSettled(database)
      await Promise.all([near.recorder.stop(), far.recorder.stop()])
      return async () => expect(await expectPublished(database, brokers, topic)).toHaveLength(451)
    })
  })

  test('publishes a lane much longer than one read or one send', async () => {
    await once(async () => {
      await withClient(database, async client => {
        for (let n = 0; n < 4; n++) await record(client, 1, pingsAt(...Array.from({ length: 3_000 }, (_, k) => k)))
      })
      start()
      await untilSettled(database, 60_000)
      return async () => expect(await expectPublished(database, brokers, topic)).toHaveLength(12_000)
    })
  })

  test('starts where the last one ended', async () => {
    await once(async () => {
      await withClient(database, client => record(client, 0, pingsAt(1, 2, 3)))
      const first = start()
      await untilSettled(database)
      await first.relay.stop()
      await withClient(database, client => record(client, 0, pingsAt(4, 5)))
      start()
      await untilSettled(database)
      return async () => {
        const events = await expectPublished(database, brokers, topic)
        expect(events.map(({ seq }) => seq)).toEqual([1n, 2n, 3n, 4n, 5n])
      }
    })
  })

  test('publishes what it has before it stops', async () => {
    const { relay } = start()
    const { recorder } = startRecorder(database.config, { onRecorded: batch => relay.offer(batch) })
    await expect.poll(() => relay.lanes.length).toBe(LANES)
    await recorder.record(ping())
    await untilSettled(database)
    await Promise.all(Array.from({ length: 100 }, () => recorder.record(ping())))
    await recorder.stop()
    await relay.stop()
    const { rows } = (await rowsOf<{ rows: bigint }>(database, 'select sum(published_seq)::bigint as rows from ping_lanes'))[0]!
    expect(rows).toBe(101n)
  })

  test('moves no position that another session has changed, and reads again', async () => {
    await once(async () => {
      const { relay, retries } = start()
      await expect.poll(() => relay.lanes.length).toBe(LANES)
      await withClient(database, async client => {
        const batch = await record(client, 0, pingsAt(1, 2, 3))
        await untilSettled(database)
        // As a failover would: the position is back at the first row.
        await client.query('update ping_lanes set published_seq = 1, published_tag = $1 where lane = 0', [String(batch.tag)])
        relay.offer(await record(client, 0, pingsAt(4)))
        await untilSettled(database)
      })
      return async () => {
        expect(retries()).toBe(1)
        const events = await expectPublished(database, brokers, topic)
        expect(events.map(({ seq }) => Number(seq))).toEqual([1, 2, 3, 4, 2, 3, 4])
      }
    })
  })

  test('publishes values that a consumer of the original can read, with the time of publishing', async () => {
    await once(async () => {
      const pings = pingsAt(-62_135_596_800_000n, 253_402_300_799_999n)
      await withClient(database, client => recordBatch(client, [0], pings))
      const before = Date.now()
      start()
      await untilSettled(database)
      return async () => {
        const records = await readRecords(brokers, topic)
        expect(
          records.map(({ value }) => fromBinary(PingRequestSchema, value)).map(({ pingId, timestampMs }) => ({ id: pingId, timestampMs })),
        ).toEqual(pings)
        for (const { timestampMs } of records) expect(timestampMs >= before - 1_000 && timestampMs <= Date.now() + 1_000).toBe(true)
      }
    })
  })

  test('creates the topic as configured, and sends each lane to one partition', async () => {
    await once(async () => {
      await withClient(database, async client => {
        for (let lane = 0; lane < LANES; lane++) await record(client, lane, pingsAt(1, 2))
      })
      start()
      await untilSettled(database)
      return async () => {
        const admin = new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING }).admin()
        await admin.connect()
        const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
        const configs = await admin.describeConfigs({
          includeSynonyms: false,
          resources: [{ type: 2, name: topic, configNames: ['retention.ms'] }],
        })
        await admin.disconnect()
        expect(topics[0]!.partitions).toHaveLength(3)
        expect(configs.resources[0]!.configEntries[0]!.configValue).toBe(String(7 * 24 * 60 * 60 * 1000))
        const places = (await readRecords(brokers, topic)).map(({ partition }) => partition).sort()
        expect(places).toEqual([0, 0, 0, 0, 1, 1, 2, 2]) // lanes 0 and 3, 1, 2
      }
    })
  })

  test('continues after its session was terminated, several times', async () => {
    const { relay } = start()
    const { recorder } = startRecorder(database.config, { onRecorded: batch => relay.offer(batch) })
    await withClient(database, async killer => {
      for (let kills = 0; kills < 15; kills++) {
        await Promise.all(Array.from({ length: 30 }, () => recorder.record(ping())))
        await killer.query(
          "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'ping-relay' and datname = current_database()",
        )
        await new Promise(resolve => setTimeout(resolve, Math.random() * 400))
      }
    })
    await untilSettled(database)
    await expectPublished(database, brokers, topic)
    await expect.poll(() => relay.lanes.length).toBe(LANES)
    const sessions = "select from pg_stat_activity where application_name = 'ping-relay' and datname = current_database()"
    await expect.poll(async () => (await rowsOf(database, sessions)).length).toBe(1)
    await recorder.stop()
  })
})
