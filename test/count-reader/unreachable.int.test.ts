import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { readTimeMs } from '../../src/counters/hash.ts'
import { HASH } from '../../src/counters/names.ts'
import type { CountReader } from '../../src/server/count-reader/count-reader.ts'
import { UnavailableError } from '../../src/transport/errors.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'
import { startCache, type TestRedis } from '../support/redis.ts'
import { PATIENT_MS, readerFixture, type ReaderFixture } from './fixture.ts'
import { whileFresh } from './while-fresh.ts'

/** Of the cache's clock when an `asof` is written, when it is read, and of the age: each in whole ms. */
const ROUNDING_MS = 3
/** So old that no run of this file lasts as long. */
const OLD_MS = 3_600_000

describe('while Postgres is down', () => {
  let redis: TestRedis
  let postgres: TestPostgres
  let at: ReaderFixture
  /** When the newest proven count was true, or a moment before: no later age may be larger. By performance.now(). */
  let provenMs = 0
  /** A server that read the cache once, before everything that follows. */
  let old: CountReader
  let oldReadMs = 0
  const killPostgres = async () => {
    await postgres.kill9()
    // Its backends notice only a moment later, and answer until then.
    await vi.waitUntil(
      () =>
        at.reader.total(true).then(
          () => false,
          () => true,
        ),
      PATIENT_MS,
    )
  }
  /** A total from the fresh cache. Its age counts from before it was read, so that read may only make it larger. */
  const fresh = () =>
    whileFresh(async () => {
      const beganMs = performance.now()
      await at.setAsofs()
      const askedMs = performance.now()
      expect(await at.reader.total(false)).toMatchObject({ count: 3n, source: 'cache' })
      provenMs = beganMs - (performance.now() - askedMs) - ROUNDING_MS
    })
  beforeAll(async () => {
    redis = await startCache()
    postgres = await startPostgres()
    at = await readerFixture(postgres.config, redis.url)
    await at.record(0, [1, 2, 3])
    await at.fill()
    old = at.secondReader()
    await whileFresh(async () => {
      await at.setAsofs(1_000)
      expect(await old.total(false)).toMatchObject({ count: 3n, source: 'cache' })
    }, 1_000)
    oldReadMs = performance.now()
    await fresh()
    await killPostgres()
  })
  afterAll(async () => {
    await at.close()
    await postgres.stop()
    await redis.stop()
  })

  test('counts come from a fresh cache as usual', async () => {
    await fresh()
    await whileFresh(async () => {
      await at.setAsofs()
      expect(await at.reader.range({ startMs: 0n, endMs: 60_000n }, false)).toMatchObject({ count: 3n, source: 'cache' })
    })
  })

  test('strong reads, and ranges that the cache does not have, are unavailable', async () => {
    await expect(at.reader.total(true)).rejects.toBeInstanceOf(UnavailableError)
    await expect(at.reader.range({ startMs: 0n, endMs: 60_000n }, true)).rejects.toBeInstanceOf(UnavailableError)
    await expect(at.reader.range({ startMs: 1n, endMs: 60_000n }, false)).rejects.toBeInstanceOf(UnavailableError)
  })

  test('a count from a stale cache has its true age', async () => {
    await at.setAsofs(OLD_MS)
    const { count, source, ageMs } = await at
      .secondReader()
      .total(false)
      .catch((error: Error) => ({ count: error.name, source: '', ageMs: 0 }))
    // A server that never reached Postgres does not know the number of lanes.
    expect({ count, source, ageMs }).toEqual({ count: 'UnavailableError', source: '', ageMs: 0 })
    const known = await at.reader.total(false)
    expect(known).toMatchObject({ count: 3n, source: 'cache' })
    // Proven later than what is in the cache now.
    expect(known.ageMs).toBeLessThanOrEqual(performance.now() - provenMs)
    expect(known.ageMs).toBeLessThan(OLD_MS)
  })

  test('with an emptied cache, the last proven count is answered with its growing age', async () => {
    await at.cache.del(HASH)
    const sinceOldReadMs = performance.now() - oldReadMs
    expect((await old.total(false)).ageMs).toBeGreaterThanOrEqual(sinceOldReadMs)
    const first = await at.reader.total(false)
    expect(first).toMatchObject({ count: 3n })
    expect(first.ageMs).toBeLessThanOrEqual(performance.now() - provenMs)
    await new Promise(resolve => setTimeout(resolve, 50))
    expect((await at.reader.total(false)).ageMs).toBeGreaterThanOrEqual(first.ageMs + 45)
  })

  test('a forged total is answered with its age until Postgres is read again', async () => {
    const nowMs = await readTimeMs(at.cache)
    const lanes = Object.fromEntries(
      [0, 1, 2].flatMap(lane => [
        [`applied:${lane}`, lane === 1 ? '502:1' : lane === 0 ? '3:1' : '0:0'],
        [`asof:${lane}`, nowMs],
      ]),
    )
    await at.cache.hset(HASH, { total: '505', 'minutes-from': '-', 'minutes-to': '1', ...lanes })
    expect(await at.reader.total(false)).toMatchObject({ count: 505n, source: 'cache' })
    await postgres.restart()
    await expect
      .poll(
        () =>
          at.reader.total(true).then(
            ({ count }) => count,
            () => undefined,
          ),
        { timeout: 40_000 },
      )
      .toBe(3n)
    expect((await at.reader.total(false)).count).toBe(3n)
    expect([at.errors, at.warnings.length]).toEqual([[], 1])
    await killPostgres()
  })

  test('and the cache is down too, counts are unavailable', async () => {
    await redis.kill9()
    await expect(at.reader.total(false)).rejects.toBeInstanceOf(UnavailableError)
    await expect(at.reader.total(true)).rejects.toBeInstanceOf(UnavailableError)
  })

  test('and after both have recovered, counts are exact again', async () => {
    await postgres.restart()
    await at.close()
    await redis.restart()
    at = await readerFixture(postgres.config, redis.url)
    expect(await at.reader.total(false)).toMatchObject({ count: 3n, source: 'database' })
  })
})
