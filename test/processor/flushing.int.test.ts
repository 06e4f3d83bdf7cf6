import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { HASH } from '../../src/counters/names.ts'
import { testDatabase, type TestDatabase } from '../support/postgres.ts'
import { keepLogsOnFailure, until, type Program } from '../support/programs.ts'
import { startCache, type TestRedis } from '../support/redis.ts'
import { processorFixture, type ProcessorFixture } from './processor-fixture.ts'

/** Of lane 0. */
const PARTITION = 0
const OTHER_PARTITION = 1

/** With the tick off, only events advance the count: faults that a tick would heal become visible. */
describe('without ticks, a processor', { timeout: 60_000 }, () => {
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

  test(
    'does not commit the offsets of a refused flush, nor does the next processor, until the cache accepts it',
    { timeout: 60_000 },
    async () => {
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
    },
  )

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

  test('counts the first ping after a quiet interval at once, and the next one when the interval ends', { timeout: 60_000 }, async () => {
    await startJoined({ FLUSH_INTERVAL_MS: '3000' })
    const atOnceMs = await timeToShow([1])
    expect(atOnceMs).toBeLessThan(1_500)
    const nextMs = await timeToShow([2])
    expect(nextMs).toBeGreaterThan(3_000 - atOnceMs - 1_000)
    expect(nextMs).toBeLessThan(3_000 + 1_500)
  })

  test('flushes a thousand events without waiting for the timer', { timeout: 60_000 }, async () => {
    await start({ FLUSH_INTERVAL_MS: '60000' })
    const flushes = await processor.metric('ping_processor_flushes_total')
    await at.publish([...(await at.record(0, Array(500).fill(1))), ...(await at.record(1, Array(499).fill(1)))])
    await until('all but one are read', async () => (await openRecords()) === 999)
    expect(await total()).toBe(1)
    await at.publish(await at.record(0, [1]))
    await until('the thousand are there', async () => (await total()) === 1_001)
    expect(await processor.metric('ping_processor_flushes_total'), 'one flush of each lane').toBe(flushes + 2)
  })

  test('flushes more distinct minutes than fit into one flush without waiting for the next interval', { timeout: 60_000 }, async () => {
    await startJoined({ FLUSH_INTERVAL_MS: '8000', FLUSH_RECORDS: '100000' })
    await at.publish(
      await at.record(
        1,
        Array.from({ length: 2_500 }, (_, minute) => minute * 60_000),
      ),
    )
    await until('the first are there', async () => (await total()) > 0)
    await until('all are, without another interval', () => at.isTrue(), 4_000)
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

  async function timeToShow(timesMs: readonly number[]): Promise<number> {
    const before = await total()
    await at.publish(await at.record(0, timesMs))
    return until('the ping is visible', async () => (await total()) > before)
  }
})
