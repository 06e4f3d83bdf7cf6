import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { HASH } from '../../src/counters/names.ts'
import { migrate } from '../../src/ledger/migrate.ts'
import { TotalWatch } from '../../src/server/watch/total-watch.ts'
import { silent } from '../counters/caches.ts'
import { testDatabase, type TestDatabase } from '../support/postgres.ts'
import { RecordingTracing } from '../support/recording-tracing.ts'
import { startCache, type TestRedis } from '../support/redis.ts'
import { PATIENT_MS, readerFixture, type ReaderFixture } from './fixture.ts'

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

  test('comes from the cache while every lane is fresh, with the age of the oldest lane', async () => {
    await at.fill({ ageMs: 300 })
    await at.setAsof(1, 900)
    const { count, source, ageMs } = await at.reader.total(false)
    expect({ count, source }).toEqual({ count: 5n, source: 'cache' })
    expect(ageMs).toBeGreaterThanOrEqual(900)
    expect(ageMs).toBeLessThan(1_900)
    expect(Number.isInteger(ageMs)).toBe(true)
  })

  test('of an empty ledger is 0, from the cache too', async () => {
    await at.ledger.query('delete from pings')
    await at.fill()
    expect(await at.secondReader().total(false)).toMatchObject({ count: 0n, source: 'cache' })
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
    expect(await looksOf(false)).toEqual(['cache', 'look at cache: redis'])
    expect(await looksOf(true)).toEqual(['database', 'look at database: postgresql'])
    await at.setAsof(1, 60_000)
    expect(await looksOf(false)).toEqual(['database', 'look at cache: redis', 'look at database: postgresql'])
  })

  test('of a strong read comes from Postgres and is exact, no matter what the cache has', async () => {
    await at.fill()
    await at.record(1, [7])
    const { ageMs, ...rest } = await at.reader.total(true)
    expect(rest).toEqual({ count: 6n, source: 'database' })
    expect(ageMs).toBeLessThan(1_000)
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
  test.each(Object.keys(spoiled))('comes from Postgres when %s', async how => {
    await at.fill()
    await at.record(1, [7])
    await spoiled[how]!()
    expect(await at.reader.total(false)).toMatchObject({ count: 6n, source: 'database' })
    expect(at.notUsed).toHaveLength(1)
  })

  test('that another client forged is never answered and never becomes the floor', async () => {
    await at.fill()
    expect((await at.reader.total(false)).count).toBe(5n)
    await at.cache.hset(HASH, { 'applied:1': '500:1', total: '505' })
    expect((await at.reader.total(false)).count).toBe(5n)
    await at.fill()
    expect(await at.reader.total(false)).toMatchObject({ count: 5n, source: 'cache' })
    expect([at.errors, at.warnings, at.notUsed]).toEqual([[], [], ['unproven']])
  })

  test('of the cache causes one read of Postgres per growth, not per read', async () => {
    await at.fill()
    await at.reader.total(false)
    const asked = vi.spyOn(at.pool, 'query')
    for (let growth = 0; growth < 3; growth++) {
      await at.record(1, [7])
      await at.fill()
      asked.mockClear()
      const totals = await Promise.all(Array.from({ length: 50 }, () => at.reader.total(false)))
      expect(new Set(totals.map(({ source }) => source))).toEqual(new Set(['cache']))
      await at.reader.total(false)
      expect(asked.mock.calls.length).toBeLessThanOrEqual(2)
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
    expect(await at.reader.total(false)).toMatchObject({ count: 5n, source: 'cache' })
    await migrate(database.config, { lanes: 5, log: silent })
    await at.record(4, [1])
    await at.fill()
    expect(await at.reader.total(false)).toMatchObject({ count: 6n, source: 'database' })
    expect(await at.reader.total(false)).toMatchObject({ count: 6n, source: 'cache' })
  })

  test('never decreases on a server while the cache is behind', async () => {
    await at.fill()
    await at.record(1, [7])
    expect((await at.reader.total(true)).count).toBe(6n)
    expect(await at.reader.total(false)).toMatchObject({ count: 6n, source: 'cache' })
    expect((await at.secondReader().total(false)).count).toBe(5n) // the cache is really behind
  })

  test(
    'decreases only when no read has reached it for 3 s and Postgres has fewer pings, which is logged',
    { timeout: 30_000 },
    async () => {
      const begunMs = performance.now()
      expect((await at.reader.total(true)).count).toBe(5n)
      await at.ledger.query('delete from pings where lane = 2 and seq = 2') // as after a failover that lost a row
      await at.fill()
      const answers: bigint[] = []
      let loweredMs = 0
      await vi.waitUntil(
        async () => {
          for (let lane = 0; lane < 3; lane++) await at.setAsof(lane, 0)
          const { count } = await at.reader.total(false)
          answers.push(count)
          loweredMs = performance.now() - begunMs
          return count < 5n
        },
        { timeout: 20_000, interval: 50 },
      )
      expect(new Set(answers)).toEqual(new Set([5n, 4n]))
      expect(loweredMs).toBeGreaterThanOrEqual(3_000)
      expect(at.errors).toHaveLength(1)
      expect((await at.reader.total(true)).count).toBe(4n)
    },
  )

  test('does not decrease when only the cache lost pings', { timeout: 30_000 }, async () => {
    expect((await at.reader.total(true)).count).toBe(5n)
    await at.fill()
    await at.cache.hset(HASH, { total: '4', 'applied:0': '2:1' }) // complete and fresh, but permanently behind
    const deadlineMs = performance.now() + 3_500
    while (performance.now() < deadlineMs) {
      for (let lane = 0; lane < 3; lane++) await at.setAsof(lane, 0)
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
