import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { HASH } from '../../src/counters/names.ts'
import { testDatabase, type TestDatabase } from '../support/postgres.ts'
import { seededRandom } from '../support/random.ts'
import { startCache, type TestRedis } from '../support/redis.ts'
import { readerFixture, type ReaderFixture } from './fixture.ts'
import { whileFresh } from './while-fresh.ts'

const MINUTE_MS = 60_000
const NOW_MS = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS
const [INT64_MIN, INT64_MAX] = [-(2n ** 63n), 2n ** 63n - 1n]

describe('a range', () => {
  let redis: TestRedis
  let database: TestDatabase
  let at: ReaderFixture
  beforeAll(async () => {
    redis = await startCache()
    database = await testDatabase()
    at = await readerFixture(database.config, redis.url)
    await at.record(0, [NOW_MS, NOW_MS + 59_999, NOW_MS + 60_000, -1, 0])
    await at.record(1, [NOW_MS + 1, -62_135_596_800_000, 253_402_300_799_999])
  })
  afterAll(async () => {
    await at.close()
    await database.drop()
    await redis.stop()
  })
  beforeEach(() => at.fill())
  afterEach(() => void at.notUsed.splice(0))

  const ask = async (startMs: bigint | number, endMs: bigint | number, strong = false) => {
    const { count, source } = await at.reader.range({ startMs: BigInt(startMs), endMs: BigInt(endMs) }, strong)
    return `${count} from ${source}`
  }

  /** As `ask`, while the cache is fresh. */
  const askFresh = (startMs: bigint | number, endMs: bigint | number) =>
    whileFresh(async () => {
      at.notUsed.splice(0)
      await at.setAsofs()
      return ask(startMs, endMs)
    })

  test('of whole minutes that the fresh cache has is counted in the cache', async () => {
    expect(await askFresh(NOW_MS, NOW_MS + MINUTE_MS)).toBe('3 from cache')
    expect(await askFresh(NOW_MS, NOW_MS + 2 * MINUTE_MS)).toBe('4 from cache')
    expect(await askFresh(-MINUTE_MS, MINUTE_MS)).toBe('2 from cache')
    expect(await askFresh(10 * MINUTE_MS, 20 * MINUTE_MS)).toBe('0 from cache')
  })

  test('has an age, as the total has', async () => {
    await whileFresh(async () => {
      const beganMs = performance.now()
      await at.setAsofs()
      await at.setAsof(1, 800)
      const { ageMs } = await at.reader.range({ startMs: 0n, endMs: 60_000n }, false)
      expect(ageMs).toBeGreaterThanOrEqual(800)
      // It counts from before the read, and with whole ms of the cache's clock.
      expect(ageMs).toBeLessThan(800 + 2 * (performance.now() - beganMs) + 4)
    }, 1_000)
  })

  test.each([
    ['that begins within a minute', NOW_MS + 1, NOW_MS + MINUTE_MS, '2'],
    ['that ends within a minute', NOW_MS, NOW_MS + 59_999, '2'],
    ['beyond minutes-to', 253_402_300_740_000, 253_402_300_800_000, '1'],
    ['of more minutes than a cache keeps', 0, 10_081 * MINUTE_MS, '1'],
    ['over everything', INT64_MIN, INT64_MAX, '8'],
  ])('%s is counted in Postgres', async (_, startMs, endMs, count) => {
    expect(await askFresh(startMs, endMs)).toBe(`${count} from database`)
  })

  test('that begins before minutes-from is counted in Postgres, any later one in the cache', async () => {
    await at.fill({ maxMinutes: 1 }) // the newest minute only
    expect(await askFresh(NOW_MS, NOW_MS + 2 * MINUTE_MS)).toBe('4 from database')
    expect(await askFresh(NOW_MS + MINUTE_MS, NOW_MS + 2 * MINUTE_MS)).toBe('1 from cache')
  })

  test('is counted in Postgres for a strong read, or if the cache is not fresh, incomplete or malformed', async () => {
    expect(await ask(0, MINUTE_MS, true)).toBe('1 from database')
    await at.setAsof(0, 2_500)
    expect(await ask(0, MINUTE_MS)).toBe('1 from database')
    await at.fill()
    await at.cache.hset(HASH, 'minute:0', 'one')
    expect(await askFresh(0, MINUTE_MS)).toBe('1 from database')
    await at.cache.flushall()
    expect(await ask(0, MINUTE_MS)).toBe('1 from database')
  })

  test.each([
    ['-1', 'unproven'],
    ['9', 'unproven'],
    ['9007199254740991', 'unproven'],
    ['9007199254740993', 'incomplete'],
  ])('is counted in Postgres if the count of a minute in the cache is impossible: %s of 8 pings (%s)', async (forged, reason) => {
    await at.cache.hset(HASH, 'minute:0', forged)
    expect(await askFresh(0, MINUTE_MS)).toBe('1 from database')
    expect(at.notUsed).toEqual([reason])
  })

  test.each([
    [0, 0],
    [NOW_MS + 1, NOW_MS + 1],
    [INT64_MAX, INT64_MAX],
    [INT64_MIN, INT64_MIN],
    [INT64_MIN, INT64_MIN + 1n],
    [INT64_MAX - 1n, INT64_MAX],
  ])('from %s to %s has no pings', async (startMs, endMs) => {
    if (startMs === 0) expect(await askFresh(startMs, endMs)).toBe('0 from cache')
    else expect(await ask(startMs, endMs)).toMatch(/^0 from/)
  })

  test('has the same count in the cache as in Postgres, for random minutes', async () => {
    const random = seededRandom(7)
    const times = Array.from(
      { length: 300 },
      () => random.pick([0, NOW_MS]) + random.between(-50, 50) * MINUTE_MS + random.between(0, MINUTE_MS),
    )
    await at.record(2, times)
    await at.fill()
    for (let tries = 0; tries < 40; tries++) {
      const startMs = random.pick([0, NOW_MS]) + random.between(-60, 60) * MINUTE_MS
      const endMs = startMs + random.between(0, 120) * MINUTE_MS
      const [cached, strong] = await Promise.all([askFresh(startMs, endMs), ask(startMs, endMs, true)])
      expect(cached).toBe(strong.replace('database', 'cache'))
    }
  })
})
