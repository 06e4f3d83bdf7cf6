import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { HASH } from '../../src/counters/names.ts'
import { migrate } from '../../src/ledger/migrate.ts'
import { TotalWatch } from '../../src/server/watch/total-watch.ts'
import { silent } from '../counters/caches.ts'
import { atDepth } from '../support/depth.ts'
import { testDatabase, type TestDatabase } from '../support/postgres.ts'
import { RecordingTracing } from '../support/recording-tracing.ts'
import { startCache, type TestRedis } from '../support/redis.ts'
import { PATIENT_MS, readerFixture, type ReaderFixture } from './fixture.ts'
import { whileFresh } from './while-fresh.ts'

describe('the total', () => {
  let redis: TestRedis
  let database: TestDatabase
  let at: ReaderFixture
  beforeAll(async () => {
    redis = await startCache()
  })
  afterAll(() => redis.stop())
  beforeEach(async () => {
    database = await testDatabase()
    at = await readerFixture(database.config, redis.url)
    await at.record(0, [1, 2, 3])
    await at.record(2, [-1, 60_000])
  })
  afterEach(async () => {
    await at.close()
    await database.drop()
  })

  /** The total, read while every lane of the cache is fresh. */
  const fresh = (reader = at.reader) =>
    whileFresh(async () => {
      at.notUsed.splice(0)
      await at.setAsofs()
      const { count, source } = await reader.total(false)
      return `${count} from ${source}`
    })

  test('comes from the cache while every lane is fresh, with the age of the oldest lane', async () => {
    await at.fill()
    await whileFresh(async () => {
      const beganMs = performance.now()
      await at.setAsofs(300)
      await at.setAsof(1, 900)
      const { count, source, ageMs } = await at.reader.total(false)
      const tookMs = performance.now() - beganMs
      expect({ count, source }).toEqual({ count: 5n, source: 'cache' })
      expect(ageMs).toBeGreaterThanOrEqual(900)
      // It counts from before the read, and with whole ms of the cache's clock.
      expect(ageMs).toBeLessThan(900 + 2 * tookMs + 4)
      expect(Number.isInteger(ageMs)).toBe(true)
    }, 1_000)
  })

  test('of an empty ledger is 0, from the cache too', async () => {
    await at.ledger.query('delete from pings')
    await at.fill()
    expect(await fresh(at.secondReader())).toBe('0 from cache')
  })

  test('of a traced call shows the looks that it waited for, as parts of the call', async () => {
    const tracing = new RecordingTracing()
    const looksOf = async (strong: boolean) => {
      const call = tracing.begin('call', { kind: 'server' })
      const { source } = await at.secondReader().total(strong, call)
      const looks = tracing.spans.filter(({ parent }) => parent === call.context)
      expect(looks.every(({ isEnded, error }) => isEnded && error === undefined)).toBe(true)
      return [source, ...looks.map(({ name, attributes }) => `${name}: ${String(attributes['db.system.name'])}`)]
    }
    await at.fill()
    const ofFresh = await whileFresh(async () => {
      await at.setAsofs()
      return looksOf(false)
    })
    expect(ofFresh).toEqual(['cache', 'look at cache: redis'])
    expect(await looksOf(true)).toEqual(['database', 'look at database: postgresql'])
    await at.setAsof(1, 60_000)
    expect(await looksOf(false)).toEqual(['database', 'look at cache: redis', 'look at database: postgresql'])
  })

  test('of a strong read comes from Postgres and is exact, no matter what the cache has', async () => {
    await at.fill()
    await at.record(1, [7])
    const beganMs = performance.now()
    const { ageMs, ...rest } = await at.reader.total(true)
    expect(rest).toEqual({ count: 6n, source: 'database' })
    expect(ageMs).toBeLessThanOrEqual(Math.ceil(performance.now() - beganMs))
  })

  test('that a watch begins with is not below one that was answered before, although the looks of watches are shared', async () => {
    const reader = at.secondReader()
    const watch = new TotalWatch({ reader, intervalMs: 60_000 })
    const { signal } = new AbortController()
    const watches = [watch.watch(signal), watch.watch(signal)]
    const before = (await watches[0]!.next()).value!.count
    await at.record(1, [8])
    expect((await reader.total(true)).count).toBe(before + 1n)
    expect((await watches[1]!.next()).value).toMatchObject({ count: before + 1n })
    for (const each of watches) await each.return(undefined)
  })

  const spoiled: Readonly<Record<string, () => Promise<unknown>>> = {
    'one lane is older than 2 s': () => at.setAsof(1, 2_001),
    'one asof is ahead of the clock': () => at.setAsof(1, -60_000),
    'one asof is missing': () => at.cache.hdel(HASH, 'asof:1'),
    'one applied is missing': () => at.cache.hdel(HASH, 'applied:1'),
    'the total is missing': () => at.cache.hdel(HASH, 'total'),
    'the total is malformed': () => at.cache.hset(HASH, 'total', 'five'),
    'the total is not the sum of the applied positions': () => at.cache.hset(HASH, 'total', '6'),
    'the total and an applied position are forged consistently': () => at.cache.hset(HASH, { 'applied:1': '500:1', total: '505' }),
    'a claim is written into a complete hash': () => at.cache.hset(HASH, 'claim', 'x:1'),
    'the hash is claimed': () => at.cache.pingClaim(HASH, 'other', '1', '5000', 'claim'),
    'the cache is empty': () => at.cache.flushall(),
    'the key holds another type': () => at.cache.set(HASH, 'a string'),
    'the hash has an additional lane': () => at.cache.hset(HASH, { 'applied:3': '0:0', 'asof:3': '1' }),
  }
  const ofEachKind = [
    'one lane is older than 2 s',
    'one applied is missing',
    'the total is malformed',
    'the total and an applied position are forged consistently',
    'the hash is claimed',
    'the key holds another type',
  ]
  test.each(atDepth({ normally: ofEachKind, thoroughly: Object.keys(spoiled) }))('comes from Postgres when %s', async how => {
    await whileFresh(async () => {
      at.notUsed.splice(0)
      await at.ledger.query('delete from pings where lane = 1')
      await at.cache.flushall()
      await at.fill()
      await at.record(1, [7])
      await spoiled[how]!()
      expect(await at.secondReader().total(false)).toMatchObject({ count: 6n, source: 'database' })
      expect(at.notUsed).toHaveLength(1)
    })
  })

  test('that another client forged is never answered and never becomes the floor', async () => {
    await at.fill()
    expect(await fresh()).toBe('5 from cache')
    await at.cache.hset(HASH, { 'applied:1': '500:1', total: '505' })
    expect(await fresh()).toBe('5 from database')
    expect(at.notUsed).toEqual(['unproven'])
    await at.fill()
    expect(await fresh()).toBe('5 from cache')
    expect([at.errors, at.warnings, at.notUsed]).toEqual([[], [], []])
  })

  test('of the cache causes one read of Postgres per growth, not per read', async () => {
    await at.fill()
    await fresh()
    const asked = vi.spyOn(at.pool, 'query')
    for (let growth = 0; growth < 3; growth++) {
      await whileFresh(async () => {
        await at.record(1, [7])
        await at.fill()
        asked.mockClear()
        const totals = await Promise.all(Array.from({ length: 50 }, () => at.reader.total(false)))
        expect(new Set(totals.map(({ source }) => source))).toEqual(new Set(['cache']))
        await at.reader.total(false)
        expect(asked.mock.calls.length).toBeLessThanOrEqual(2)
      })
    }
  })

  test('comes from Postgres after 50 ms if the cache does not answer', async () => {
    await at.fill()
    const reader = at.secondReader({ cacheTimeoutMs: undefined })
    await reader.total(true) // now connected, and the number of lanes is known
    process.kill(redis.pid, 'SIGSTOP')
    try {
      const begunMs = performance.now()
      expect(await reader.total(false)).toMatchObject({ count: 5n, source: 'database' })
      expect(performance.now() - begunMs).toBeGreaterThan(45)
      expect(performance.now() - begunMs).toBeLessThan(PATIENT_MS)
      expect(at.notUsed).toEqual(['unreachable'])
    } finally {
      process.kill(redis.pid, 'SIGCONT')
    }
  })

  test('includes lanes that are added while the server runs', async () => {
    await at.fill()
    expect(await fresh()).toBe('5 from cache')
    await migrate(database.config, { lanes: 5, log: silent })
    await at.record(4, [1])
    await at.fill()
    expect(await at.reader.total(false)).toMatchObject({ count: 6n, source: 'database' })
    await whileFresh(async () => {
      await at.fill()
      expect(await at.reader.total(false)).toMatchObject({ count: 6n, source: 'cache' })
    })
  })

  test('never decreases on a server while the cache is behind', async () => {
    await at.fill()
    await at.record(1, [7])
    expect((await at.reader.total(true)).count).toBe(6n)
    expect(await fresh()).toBe('6 from cache')
    expect(await fresh(at.secondReader())).toBe('5 from cache') // the cache is really behind
  })

  test(
    'decreases only when no read has reached it for 3 s and Postgres has fewer pings, which is logged',
    { timeout: 60_000 },
    async () => {
      const begunMs = performance.now()
      expect((await at.reader.total(true)).count).toBe(5n)
      await at.ledger.query('delete from pings where lane = 2 and seq = 2') // as after a failover that lost a row
      await at.fill()
      const early: bigint[] = []
      await vi.waitUntil(
        async () => {
          await at.setAsofs()
          const { count } = await at.reader.total(false)
          if (performance.now() - begunMs < 3_000) early.push(count)
          return count === 4n
        },
        { timeout: 40_000, interval: 50 },
      )
      expect(early.every(count => count === 5n)).toBe(true)
      expect(at.errors).toHaveLength(1)
      expect((await at.reader.total(true)).count).toBe(4n)
    },
  )

  test('does not decrease when only the cache lost pings', { timeout: 60_000 }, async () => {
    expect((await at.reader.total(true)).count).toBe(5n)
    await at.fill()
    await at.cache.hset(HASH, { total: '4', 'applied:0': '2:1' }) // complete and fresh, but permanently behind
    const deadlineMs = performance.now() + 3_500
    while (performance.now() < deadlineMs) {
      await at.setAsofs()
      expect((await at.reader.total(false)).count).toBe(5n)
    }
    expect(at.errors).toEqual([])
  })

  test('of many concurrent reads needs few look-ups', async () => {
    await at.fill()
    await at.reader.total(true)
    const asked = vi.spyOn(at.pool, 'query')
    const totals = await Promise.all(Array.from({ length: 200 }, () => at.reader.total(true)))
    expect(new Set(totals.map(({ count }) => count))).toEqual(new Set([5n]))
    expect(asked.mock.calls.length).toBeLessThanOrEqual(2)
  })

  test('of a strong read includes every ping acked before, no matter how many reads are under way', async () => {
    for (let recorded = 5n; recorded < 25n; recorded++) {
      void at.reader.total(true).catch(() => undefined)
      await at.record(1, [1])
      expect((await at.reader.total(true)).count).toBe(recorded + 1n)
    }
  })
})
