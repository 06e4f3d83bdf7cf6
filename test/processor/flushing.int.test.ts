import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { HASH } from '../../src/counters/names.ts'
import { thoroughly } from '../support/depth.ts'
import { testDatabase, type TestDatabase } from '../support/postgres.ts'
import { keepLogsOnFailure, until, type Program } from '../support/programs.ts'
import { startCache, type TestRedis } from '../support/redis.ts'
import { untilQuick } from '../support/until-quick.ts'
import { processorFixture, type ProcessorFixture } from './processor-fixture.ts'

/** Of lane 0. */
const PARTITION = 0
const OTHER_PARTITION = 1
/** The longest that the setting allows. */
const LONG_INTERVAL_MS = 60_000
/** Of two clocks, and of a timer. */
const ROUNDING_MS = 10
/** What comes within this comes without the end of that interval. */
const SOON_MS = 40_000

/** With the tick off, only events advance the count: faults that a tick would heal become visible. */
describe('without ticks, a processor', { timeout: 180_000 }, () => {
  let redis: TestRedis
  let database: TestDatabase
  let at: ProcessorFixture
  let processor: Program
  keepLogsOnFailure()
  beforeAll(async () => {
    redis = await startCache()
  })
  afterAll(() => redis.stop())
  beforeEach(async () => {
    database = await testDatabase()
    at = await processorFixture(database, redis.url)
  })
  afterEach(async () => {
    await at.close()
    await database.drop()
  })

  const total = async () => Number(await at.cache.hget(HASH, 'total'))
  const openRecords = () => processor.metric('ping_processor_open_records')
  /** As `at.start`, until the group is joined; nothing was flushed yet. */
  const startJoined = async (settings: Readonly<Record<string, string>> = {}) => {
    processor = await at.start({ TICK_INTERVAL_MS: '0', ...settings })
    await until('it has joined', () => processor.log().some(line => line.includes('"partitions":[0,1]')), 30_000)
  }
  /** As `startJoined`, until a first event is counted and committed. */
  const start = async (settings: Readonly<Record<string, string>> = {}) => {
    await startJoined(settings)
    await at.publish(await at.record(0, [1]))
    await at.untilTrue()
    await until('it is committed', async () => (await at.uncommitted()) === 0)
  }

  // At both depths "commits and loses nothing while the cache is down"; faults/without-tick kills a processor before its flush.
  thoroughly(test)('does not commit the offsets of a refused flush, nor does the next processor, until the cache accepts it', async () => {
    await start()
    const whole = await at.hash()
    await at.cache.del(HASH)
    await at.publish(await at.record(0, [2, 3]))
    await until('it was refused', async () => (await openRecords()) === 2 && (await processor.metric('ping_processor_flushes_total')) > 1)
    await untilOffsetsAreCommitted()
    expect(await at.uncommitted(PARTITION)).toBe(2)
    await processor.kill9()
    await at.cache.hset(HASH, whole) // as it was: the two are not in
    processor = await at.start({ TICK_INTERVAL_MS: '0' })
    await at.untilTrue()
    await until('they are committed', async () => (await at.uncommitted()) === 0)
  })

  test('commits and loses nothing while the cache is down, and goes on when it is up again', async () => {
    await start()
    const whole = await at.hash()
    await redis.kill9()
    await at.publish(await at.record(0, [2, 3, 4]))
    await until('they are read', async () => (await openRecords()) === 3)
    await untilOffsetsAreCommitted()
    expect(await at.uncommitted(PARTITION)).toBe(3)
    await redis.restart()
    await until('the cache is up again', async () => (await at.cache.ping().catch(() => '')) === 'PONG')
    await at.cache.hset(HASH, whole)
    await at.untilTrue()
    await until('they are committed', async () => (await at.uncommitted()) === 0)
  })

  test('counts the first ping after a quiet interval at once, and the next one when the interval ends', async () => {
    await startJoined({ FLUSH_INTERVAL_MS: '3000' })
    const beganMs = performance.now()
    await show([1], SOON_MS)
    await show([2], SOON_MS)
    expect(performance.now() - beganMs).toBeGreaterThan(3_000 - ROUNDING_MS)
  })

  test('counts the first ping at once, and flushes a thousand events without waiting for the timer', () =>
    untilQuick(LONG_INTERVAL_MS, async () => {
      await processor?.stop()
      await startJoined({ FLUSH_INTERVAL_MS: String(LONG_INTERVAL_MS) })
      await show([1], SOON_MS)
      const [before, flushes] = [await total(), await processor.metric('ping_processor_flushes_total')]
      await at.publish([...(await at.record(0, Array(500).fill(1))), ...(await at.record(1, Array(499).fill(1)))])
      await until('all but one are read', async () => (await openRecords()) === 999)
      expect(await total()).toBe(before)
      await at.publish(await at.record(0, [1]))
      await until('the thousand are there', async () => (await total()) === before + 1_000)
      expect(await processor.metric('ping_processor_flushes_total'), 'one flush of each lane').toBe(flushes + 2)
    }))

  // At both depths "flushes a thousand events without waiting for the timer".
  thoroughly(test)('flushes more distinct minutes than fit into one flush without waiting for the next interval', async () => {
    await startJoined({ FLUSH_INTERVAL_MS: String(LONG_INTERVAL_MS), FLUSH_RECORDS: '100000' })
    await at.publish(
      await at.record(
        1,
        Array.from({ length: 2_500 }, (_, minute) => minute * 60_000),
      ),
    )
    await until('the first are there', async () => (await total()) > 0)
    await until('all are, without another interval', () => at.isTrue(), SOON_MS)
  })

  test('catches up from Postgres if an event does not follow', async () => {
    await start()
    const [, , third] = await at.record(0, [2, 3, 4])
    await at.publish([third!])
    await at.untilTrue()
    await until('it is committed', async () => (await at.uncommitted()) === 0)
    expect(await processor.metric('ping_processor_caught_up_total')).toBe(3)
  })

  /** A record that needs no flush comes after the others, in the other partition: once it is committed, so is whatever else may be. */
  async function untilOffsetsAreCommitted(): Promise<void> {
    await at.send(OTHER_PARTITION, { value: Buffer.alloc(0) })
    await until('a later record is committed', async () => (await at.uncommitted(OTHER_PARTITION)) === 0)
  }

  async function show(timesMs: readonly number[], limitMs: number): Promise<void> {
    const before = await total()
    await at.publish(await at.record(0, timesMs))
    await until('the ping is visible', async () => (await total()) > before, limitMs)
  }
})
