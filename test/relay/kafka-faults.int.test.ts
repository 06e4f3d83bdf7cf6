import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { EventRun } from '../../src/events/event-run.ts'
import { createKafka } from '../../src/kafka/kafka.ts'
import { Publisher } from '../../src/relay/publisher.ts'
import { rowsOf, setUp, silent } from '../ledger/ledger-fixture.ts'
import { ping, startRecorder, type TestRecorder } from '../recorder/recorder-fixture.ts'
import { atDepth, thoroughly } from '../support/depth.ts'
import { kafkaKindsAtDepth, startKafka, uniqueName, type TestKafka } from '../support/kafka.ts'
import { startLosingProxy, type LosingProxy } from '../support/losing-proxy.ts'
import { testDatabase, type TestDatabase } from '../support/postgres.ts'
import { createPublisher, createRelay, expectPublished, readEvents, settingsFor, untilSettled, type TestRelay } from './relay-fixture.ts'

const LANES = 4
const LOST = atDepth({ normally: 2, thoroughly: 6 })

describe.each(kafkaKindsAtDepth())('a relay to a failing Kafka (%s)', kind => {
  let kafka: TestKafka
  let database: TestDatabase
  let topic: string
  let relays: TestRelay[] = []
  let recorders: TestRecorder[] = []

  const startRelay = (brokers = kafka.brokers): TestRelay => {
    const relay = createRelay(database.config, createPublisher(brokers, topic))
    relays.push(relay)
    relay.relay.start()
    return relay
  }
  const recordFor = (relay: TestRelay) => {
    const started = startRecorder(database.config, { onRecorded: batch => relay.relay.offer(batch) })
    recorders.push(started)
    return async (rounds: number) => {
      for (let n = 0; n < rounds; n++) await Promise.all(Array.from({ length: 25 }, () => started.recorder.record(ping())))
    }
  }
  const sums = async () =>
    (
      await rowsOf<{ published: bigint; folded: bigint }>(
        database,
        'select sum(published_seq)::bigint as published, sum(folded_seq)::bigint as folded from ping_lanes',
      )
    )[0]!

  beforeAll(async () => {
    kafka = await startKafka(kind)
  })
  afterAll(() => kafka.stop())
  beforeEach(async () => {
    topic = uniqueName('faults')
    database = await testDatabase()
    await setUp(database, LANES)
  })
  afterEach(async () => {
    await Promise.all(recorders.map(({ recorder }) => recorder.stop()))
    await Promise.all(relays.map(({ relay }) => relay.stop()))
    relays = []
    recorders = []
    await database.drop()
  })

  test('publishes everything after Kafka was killed and restarted, and folds meanwhile', { timeout: 240_000 }, async () => {
    const relay = startRelay()
    const record = recordFor(relay)
    await record(10)
    await untilSettled(database)
    expect(relay.relay.refusedSinceMs).toBeUndefined()
    await kafka.kill9()
    await record(40)
    await expect.poll(async () => (await sums()).folded).toBe(1_250n)
    expect((await sums()).published).toBe(250n)
    await expect.poll(relay.retries).toBeGreaterThan(0)
    await expect.poll(() => (relay.relay.refusedSinceMs ?? Infinity) <= performance.now()).toBe(true)
    await kafka.restart()
    await untilSettled(database, 60_000)
    expect(relay.relay.refusedSinceMs).toBeUndefined()
    await expectPublished(database, kafka.brokers, topic)
  })

  test('takes over lanes and folds them while Kafka hangs', { timeout: 180_000 }, async () => {
    const relay = startRelay()
    const record = recordFor(relay)
    await record(2)
    await untilSettled(database)
    process.kill(kafka.pid, 'SIGSTOP')
    try {
      await record(4)
      await expect.poll(async () => (await sums()).folded).toBe(150n)
      await rowsOf(
        database,
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'ping-relay' and datname = current_database()",
      )
      await record(4)
      await expect.poll(async () => (await sums()).folded).toBe(250n)
      expect((await sums()).published).toBe(50n)
    } finally {
      process.kill(kafka.pid, 'SIGCONT')
    }
    await untilSettled(database, 60_000)
    await expectPublished(database, kafka.brokers, topic)
  })

  describe('through a proxy that loses responses', () => {
    let proxy: LosingProxy
    beforeEach(async () => {
      proxy = await startLosingProxy(kafka.port)
    })
    afterEach(() => proxy.close())

    test('loses no row', { timeout: 180_000 }, async () => {
      let requests = 0
      proxy.lose(() => ++requests % 3 === 0)
      const record = recordFor(startRelay(proxy.brokers))
      while (proxy.lost < LOST) await record(1)
      await untilSettled(database, 60_000)
      await expectPublished(database, kafka.brokers, topic)
    })

    // At both depths "loses no row".
    thoroughly(test)('loses nothing of concurrent sends', { timeout: 120_000 }, async () => {
      const settings = settingsFor(proxy.brokers, topic)
      const publisher = new Publisher(createKafka(settings, 'test', silent), topic, settings)
      const event = (firstSeq: bigint): EventRun => ({ lane: 0, firstSeq, tag: 1n, previousTag: 1n, pings: [{ id: 'x', timestampMs: 1n }] })
      await publisher.publish([event(1n)])
      let requests = 0
      proxy.lose(() => ++requests === 1)
      await Promise.all([2n, 3n, 4n].map(seq => publisher.publish([event(seq)])))
      await publisher.stop()
      expect(proxy.lost).toBe(1)
      expect((await readEvents(kafka.brokers, topic)).map(({ seq }) => Number(seq))).toEqual([1, 2, 3, 4])
    })

    test('sends again what failed finally while the proxy loses all responses', { timeout: 180_000 }, async () => {
      const relay = startRelay(proxy.brokers)
      const record = recordFor(relay)
      await record(1)
      await untilSettled(database) // from now on every request is written at once: the topic exists, and its partitions have leaders
      proxy.lose(() => proxy.lost < 6)
      while (proxy.lost < 6) await record(1)
      await untilSettled(database, 60_000)
      expect(relay.retries()).toBeGreaterThan(0)
      const events = await expectPublished(database, kafka.brokers, topic)
      const places = new Set(events.map(({ lane, seq, tag }) => `${lane}/${seq}/${tag}`))
      expect(places.size).toBeLessThan(events.length) // some are there twice, which readers detect
    })
  })
})
