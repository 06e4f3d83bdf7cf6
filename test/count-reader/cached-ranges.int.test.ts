import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { compareAndSet } from '../../src/counters/flush.ts'
import { readTimeMs } from '../../src/counters/hash.ts'
import { HASH } from '../../src/counters/names.ts'
import { migrate } from '../../src/ledger/migrate.ts'
import type { Range } from '../../src/server/count-reader/count.ts'
import { START, type Position } from '../../src/terms/position.ts'
import { silent } from '../counters/caches.ts'
import { firstOrAll } from '../support/depth.ts'
import { testDatabase, type TestDatabase } from '../support/postgres.ts'
import { seededRandom } from '../support/random.ts'
import { startCache, type TestRedis } from '../support/redis.ts'
import { LANES, readerFixture, type ReaderFixture } from './fixture.ts'
import { whileFresh } from './while-fresh.ts'

const MINUTE_MS = 60_000
const NOW = Math.floor(Date.now() / MINUTE_MS)
const WEEK = 10_080
const DATABASE = 'database'
/** How long a server waits for a read of all minutes. */
const WHOLE_TIMEOUT_MS = 500
const LIMIT_MS = 40_000

describe('cached ranges that are read concurrently', () => {
  let redis: TestRedis
  let database: TestDatabase
  let at: ReaderFixture
  /** Number of commands that read all minutes. */
  let wholeReads = 0
  beforeAll(async () => {
    redis = await startCache()
  })
  afterAll(() => redis.stop())
  beforeEach(async () => {
    database = await testDatabase()
    at = await readerFixture(database.config, redis.url)
    await at.record(0, [NOW * MINUTE_MS, (NOW - 5_000) * MINUTE_MS, (NOW - WEEK) * MINUTE_MS])
    await at.fill()
    wholeReads = 0
    const pipeline = at.cache.pipeline.bind(at.cache)
    vi.spyOn(at.cache, 'pipeline').mockImplementation(() => {
      const made = pipeline()
      const call = made.call.bind(made)
      vi.spyOn(made, 'call').mockImplementation((...args) => {
        wholeReads++
        return call(...args)
      })
      return made
    })
  })
  afterEach(async () => {
    await at.close()
    await database.drop()
  })

  const range = (first: number, end: number) => ({ startMs: BigInt(first) * 60_000n, endMs: BigInt(end) * 60_000n })
  const WEEKS = [range(NOW - WEEK + 1, NOW + 1), range(NOW - WEEK, NOW)]
  /** Does what a processor's tick does, if the hash is complete: the machine may be slow. */
  const setAsofs = async (ageMs: number) => {
    if ((await at.cache.type(HASH)) !== 'hash' || (await at.cache.hexists(HASH, 'asof:0')) === 0) return
    await at.setAsofs(ageMs)
  }
  /** Reads two ranges of a week: one that ends now, one that ended a minute ago. */
  const askWeeks = async (asofAgeMs = 0) => {
    await setAsofs(asofAgeMs)
    const answers = await Promise.all(WEEKS.map(week => at.reader.range(week, false)))
    return answers.map(({ count, source }) => `${count} from ${source}`)
  }
  /** On a busy machine the cache may take longer than a server waits for it; then the answer comes from Postgres. */
  const untilAnswered = async (ranges: readonly Range[], expected: string) => {
    await vi.waitUntil(async () => {
      await setAsofs(0)
      const answers = await Promise.all(ranges.map(each => at.reader.range(each, false)))
      return answers.map(({ count, source }) => `${count} from ${source}`).join() === expected
    }, LIMIT_MS)
  }
  /** Flushes to one lane of the cache, as a processor does. */
  const flushPings = async (lane: number, start: Position, minutes: readonly number[], asofMs: number): Promise<Position> => {
    const end = minutes.length === 0 ? start : { seq: start.seq + BigInt(minutes.length), tag: 9n }
    const counts = new Map(minutes.map(minute => [minute, minutes.filter(each => each === minute).length]))
    expect(await compareAndSet(at.cache, { lane, start, end, minutes: counts, asofMs }, { lanes: LANES, maxMinutes: WEEK })).toEqual({
      kind: 'applied',
    })
    return end
  }

  test('include every ping acked before their age, and no ping that was not sent, while the cache is written', async () => {
    await at.ledger.query('delete from pings')
    await at.fill()
    const random = seededRandom(5)
    const sent: { minute: number; ackedMs: number }[] = []
    let flushing = true
    const ask = async () => {
      const first = NOW - random.between(-1, WEEK)
      const end = Math.min(NOW + 2, first + random.between(0, WEEK))
      const askedMs = performance.now()
      const { count, source, ageMs } = await at.reader.range(range(first, end), false)
      if (source === DATABASE) return
      // The age is that at the answer, which may be long ago on a busy machine, but not before the question.
      const provenMs = askedMs - ageMs
      const inRange = sent.filter(({ minute }) => minute >= first && minute < end)
      expect(Number(count)).toBeGreaterThanOrEqual(inRange.filter(({ ackedMs }) => ackedMs < provenMs).length)
      expect(Number(count)).toBeLessThanOrEqual(inRange.length)
      answers++
    }
    let answers = 0
    const readers = Array.from({ length: 16 }, async () => {
      while (flushing) {
        await ask()
        await new Promise(resolve => setImmediate(resolve))
      }
    })
    const positions: Position[] = Array.from({ length: LANES }, () => START)
    for (let flush = 0; flush < 240 || (answers <= 240 && flush < 5_000); flush++) {
      // Long periods with only current pings, and others with a few pings of any time.
      const minutes = Array.from({ length: random.between(0, 8) }, () =>
        flush % 60 < 45 ? NOW - random.between(0, 2) : NOW - random.between(0, WEEK),
      )
      for (const minute of minutes) sent.push({ minute, ackedMs: performance.now() })
      const asofMs = await readTimeMs(at.cache)
      const lane = flush % LANES
      positions[lane] = await flushPings(lane, positions[lane]!, minutes, asofMs)
    }
    flushing = false
    await Promise.all(readers)
    expect(answers).toBeGreaterThan(240)
    const all = sent.filter(({ minute }) => minute >= NOW - WEEK && minute < NOW).length
    await vi.waitUntil(async () => Number((await at.reader.range(range(NOW - WEEK, NOW), false)).count) === all, { timeout: LIMIT_MS })
  })

  test('read all minutes once, then only the newest minutes, until others change', async () => {
    const beganMs = performance.now()
    await untilAnswered(WEEKS, '2 from cache,2 from cache')
    const asofMs = await readTimeMs(at.cache)
    const end = await flushPings(1, START, [NOW, NOW], asofMs)
    await vi.waitUntil(async () => (await askWeeks())[0] === '4 from cache', LIMIT_MS)
    const failed = at.notUsed.filter(reason => reason === 'unreachable').length // on a busy machine a read may take too long
    expect(wholeReads - failed).toBeLessThanOrEqual(1 + Math.floor((performance.now() - beganMs) / 1_000)) // and once every second
    const before = wholeReads
    await flushPings(1, end, [NOW - 7_000], asofMs)
    await vi.waitUntil(async () => (await askWeeks()).join() === '5 from cache,3 from cache', LIMIT_MS)
    expect(wholeReads).toBeGreaterThan(before)
  })

  test('read all minutes for a single long range, and include new pings at once', async () => {
    const alone = () =>
      whileFresh(async () => {
        await setAsofs(0)
        return `${(await at.reader.range(WEEKS[0]!, false)).count}`
      }, WHOLE_TIMEOUT_MS)
    expect(await alone()).toBe('2')
    let end: Position = START
    for (let pings = 1; pings <= 5; pings++) {
      end = await flushPings(1, end, [NOW - pings * 1_000], await readTimeMs(at.cache))
      expect(await alone()).toBe(String(2 + pings))
    }
  })

  test.each<[string, () => Promise<unknown>]>(
    firstOrAll(
      [
        ['is emptied', () => at.cache.flushall()],
        ['is claimed', () => at.cache.pingClaim(HASH, 'other', '1', '5000', 'claim')],
        ['holds another type', () => at.cache.set(HASH, 'a string')],
        ['has an additional lane', () => at.cache.hset(HASH, { 'applied:3': '0:0', 'asof:3': '1' })],
        ['has a total that is not the sum of the applied positions', () => at.cache.hset(HASH, 'total', '9')],
      ],
      2,
    ),
  )('come from Postgres once the cache %s', async (_, spoil) => {
    await untilAnswered(WEEKS, '2 from cache,2 from cache')
    await spoil()
    await at.record(1, [(NOW - 20) * MINUTE_MS])
    await vi.waitUntil(async () => (await askWeeks()).join() === '3 from database,3 from database', LIMIT_MS)
  })

  test('come from Postgres once the cache is no longer fresh', async () => {
    await untilAnswered(WEEKS, '2 from cache,2 from cache')
    await at.record(1, [(NOW - 20) * MINUTE_MS])
    await vi.waitUntil(async () => (await askWeeks(2_001)).join() === '3 from database,3 from database', LIMIT_MS)
  })

  test.each(
    firstOrAll(
      [
        ['negative', '-1'],
        ['greater than the total', '9'],
        ['greater than a number can hold', '9007199254740993'],
        ['not a number', 'x'],
      ],
      2,
    ),
  )('come from Postgres if the count of one of their minutes in the cache is %s, otherwise from the cache', async (_, forged) => {
    await at.cache.hset(HASH, `minute:${NOW - 5_000}`, forged)
    expect(await askWeeks()).toEqual(['2 from database', '2 from database'])
    await untilAnswered([range(NOW - 10, NOW + 1), range(NOW - 300, NOW + 1)], '1 from cache,1 from cache')
  })

  test('follow the cache when an older state is restored, and when it is rebuilt', async () => {
    const old = await at.cache.hgetall(HASH)
    await at.record(2, [(NOW - 300) * MINUTE_MS])
    await at.fill()
    await untilAnswered(WEEKS, '3 from cache,3 from cache')
    await at.cache.multi().del(HASH).hset(HASH, old).exec()
    await vi.waitUntil(async () => (await askWeeks()).join() === '2 from cache,2 from cache', LIMIT_MS)
    await at.fill()
    await vi.waitUntil(async () => (await askWeeks()).join() === '3 from cache,3 from cache', LIMIT_MS)
  })

  test('soon forget what another client wrote once the cache is rebuilt', async () => {
    // The same total, in other minutes: no sum shows it.
    await at.cache.hset(HASH, { [`minute:${NOW - 5_000}`]: '0', [`minute:${NOW - 6_000}`]: '1' })
    const ranges = [WEEKS[0]!, range(NOW - 6_000, NOW - 5_999)]
    const ask = () =>
      whileFresh(async () => {
        await setAsofs(0)
        const answers = await Promise.all(ranges.map(each => at.reader.range(each, false)))
        return answers.map(({ count, source }) => `${count} from ${source}`).join()
      }, WHOLE_TIMEOUT_MS)
    expect(await ask()).toBe('2 from cache,1 from cache')
    await at.fill()
    await vi.waitUntil(async () => (await ask()) === '2 from cache,0 from cache', { timeout: LIMIT_MS, interval: 20 })
  })

  test('include lanes that are added while the server runs', async () => {
    await askWeeks()
    await migrate(database.config, { lanes: LANES + 2, log: silent })
    await at.record(LANES + 1, [(NOW - 1) * MINUTE_MS])
    await at.fill()
    await vi.waitUntil(async () => (await askWeeks()).join() === '3 from cache,3 from cache', LIMIT_MS)
  })

  test('never read all fields of a hash that another client filled', async () => {
    for (let chunk = 0; chunk < 61; chunk++) {
      await at.cache.hset(HASH, Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`x${chunk}-${index}`, ''])))
    }
    await untilAnswered([range(NOW - 300, NOW + 1), range(NOW - 300, NOW)], '1 from cache,0 from cache')
    expect(wholeReads).toBe(0)
  })
})
