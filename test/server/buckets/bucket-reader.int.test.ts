import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { fold } from '../../../src/ledger/positions.ts'
import { BucketReader } from '../../../src/server/buckets/bucket-reader.ts'
import type { BucketQuestion, Buckets } from '../../../src/server/buckets/buckets.ts'
import type { BucketUnit } from '../../../src/server/buckets/calendar.ts'
import { MinuteSums } from '../../../src/server/count-reader/minute-sums.ts'
import { UnavailableError } from '../../../src/transport/errors.ts'
import { LANES, readerFixture, type ReaderFixture } from '../../count-reader/fixture.ts'
import { atDepth } from '../../support/depth.ts'
import { testDatabase, type TestDatabase } from '../../support/postgres.ts'
import { seededRandom, type Random } from '../../support/random.ts'
import { startCache, type TestRedis } from '../../support/redis.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** The cache's clock and this one are read in whole ms. */
const CLOCK_STEP_MS = 2
const NOW_MS = Math.floor(Date.now() / DAY_MS) * DAY_MS
const ZONES = ['UTC', 'Europe/Berlin', 'Asia/Kolkata', 'Australia/Lord_Howe', 'America/St_Johns', 'Africa/Monrovia']
const UNITS: readonly BucketUnit[] = ['minute', 'hour', 'day', 'week', 'month']
/** How long buckets of a unit may be that are asked for at random. */
const SPREAD_MS = { minute: 2 * HOUR_MS, hour: 5 * DAY_MS, day: 300 * DAY_MS, week: 1_000 * DAY_MS, month: 4_000 * DAY_MS }

const QUESTIONS = atDepth({ normally: 15, thoroughly: 40 })

describe('buckets', () => {
  let redis: TestRedis
  let database: TestDatabase
  let at: ReaderFixture
  let reader: BucketReader
  /** The sources of all answers that the reader counted. */
  let answered: string[]
  /** Number of statements that Postgres got. */
  let statements: number
  beforeAll(async () => {
    redis = await startCache()
    database = await testDatabase()
    at = await readerFixture(database.config, redis.url)
    await at.record(0, [NOW_MS, NOW_MS + 59_999, NOW_MS + 60_000, -1, 0, 30_000, 60_000])
    await at.record(1, [NOW_MS + 1, -62_135_596_800_000, 253_402_300_799_999])
    const { query } = at.pool
    Object.assign(at.pool, {
      query: (...args: Parameters<typeof query>) => {
        statements++
        return query(...args)
      },
    })
  })
  afterAll(async () => {
    await at.close()
    await database.drop()
    await redis.stop()
  })
  beforeEach(async () => {
    answered = []
    await at.fill()
    await at.reader.total(false) // it reads the number of lanes
    reader = new BucketReader({
      pool: at.pool,
      metrics: { countAnswered: source => void answered.push(source) },
      cachedMinutes: range => at.reader.cachedMinutes(range),
    })
    statements = 0
  })
  afterEach(() => vi.restoreAllMocks())

  const question = (startMs: number, endMs: number, more: Partial<BucketQuestion> = {}): BucketQuestion => ({
    range: { startMs: BigInt(startMs), endMs: BigInt(endMs) },
    unit: 'minute',
    timeZone: 'UTC',
    strong: false,
    ...more,
  })
  const ask = async (...args: Parameters<typeof question>) => {
    const answer = await reader.list(question(...args))
    return `${textOf(answer, args[0])} from ${answer.source}`
  }

  /** Each bucket's start, from the range's, and its count. */
  const textOf = ({ buckets }: Buckets, from: number) => buckets.map(({ startMs, count }) => `${Number(startMs) - from}:${count}`).join(' ')
  /** Asks until the cache answers: on a busy machine it may take longer than a server waits for it. */
  const untilCached = async (asked: BucketQuestion, ageMs = 0): Promise<Buckets> => {
    const found = await vi.waitUntil(async () => {
      for (let lane = 0; lane < LANES; lane++) await at.setAsof(lane, ageMs)
      statements = 0
      const buckets = await reader.list(asked)
      return buckets.source === 'cache' ? buckets : undefined
    }, 40_000)
    expect(statements).toBe(0)
    expect(answered.at(-1)).toBe('cache')
    return found
  }

  test.each<[string, Parameters<typeof question>, string]>([
    ['minutes', [NOW_MS, NOW_MS + 3 * MINUTE_MS], '0:3 60000:1 120000:0'],
    ['hours', [-HOUR_MS, HOUR_MS, { unit: 'hour' }], '0:1 3600000:3'],
    ['a part of a day', [0, 3 * MINUTE_MS, { unit: 'day', timeZone: 'Europe/Berlin' }], '-3600000:3'],
    ['more minutes than are read alone', [NOW_MS - 2 * DAY_MS, NOW_MS + DAY_MS, { unit: 'day' }], '0:0 86400000:0 172800000:4'],
    ['nothing', [0, 0], ''],
  ])('of whole minutes that the fresh cache has are counted in the cache, without Postgres: %s', async (_, args, expected) => {
    expect(textOf(await untilCached(question(...args)), args[0])).toBe(expected)
  })

  test('have an age, as a count has', async () => {
    const beganMs = performance.now()
    const { ageMs } = await untilCached(question(0, HOUR_MS), 800)
    expect(ageMs).toBeGreaterThanOrEqual(800)
    expect(ageMs).toBeLessThanOrEqual(800 + performance.now() - beganMs + CLOCK_STEP_MS)
  })

  test.each<[string, Parameters<typeof question>, string]>([
    ['of a range that begins within a minute', [1, MINUTE_MS], '-1:1'],
    ['of a range that ends within a minute', [0, 30_001], '0:2'],
    ['that begin within minutes of UTC', [-HOUR_MS, 0, { unit: 'hour', timeZone: 'Africa/Monrovia' }], '-930000:0 2670000:1'],
    ['beyond the minutes of the cache', [253_402_300_740_000, 253_402_300_800_000], '0:1'],
    ['of more minutes than a cache has', [-DAY_MS, 40 * DAY_MS, { unit: 'month' }], '-2592000000:1 86400000:3 2764800000:0'],
    ['that are asked for strongly', [0, 2 * MINUTE_MS, { strong: true }], '0:2 60000:1'],
    ['of an empty range that are asked for strongly', [5, 5, { strong: true }], ''],
  ])('%s are counted in Postgres, by one statement', async (_, args, expected) => {
    expect(await ask(...args)).toBe(`${expected} from database`)
    expect(statements).toBe(1)
    expect(answered).toEqual(['database'])
  })

  test('are counted in Postgres, by one statement, if the cache is not fresh, incomplete or wrong', async () => {
    await at.setAsof(0, 2_500)
    expect(await ask(0, MINUTE_MS)).toBe('0:2 from database')
    await at.fill()
    await at.cache.hset('ping:counters', 'minute:0', '-1')
    expect(await ask(0, MINUTE_MS)).toBe('0:2 from database')
    expect(statements).toBe(2)
    await at.cache.flushall()
    expect(await ask(0, MINUTE_MS)).toBe('0:2 from database')
  })

  test('are counted in Postgres if the shared look at the cache is no longer fresh', async () => {
    const sums = MinuteSums.of({ from: 0, to: 60, minutes: new Map([[0, 99]]) })!
    const cachedMinutes = async () => ({ sums, provenMs: performance.now() - 2_001 })
    reader = new BucketReader({ pool: at.pool, metrics: { countAnswered: () => undefined }, cachedMinutes })
    expect(await ask(0, MINUTE_MS)).toBe('0:2 from database')
  })

  test('that many callers ask for at the same time take one statement, and a strong caller gets what was counted after its call', async () => {
    await at.cache.flushall()
    const many = Array.from({ length: 100 }, () => ask(NOW_MS, NOW_MS + DAY_MS))
    expect(new Set(await Promise.all(many)).size).toBe(1)
    expect(statements).toBeLessThanOrEqual(2) // one for the buckets; one for the number of lanes, because the cache is empty
    statements = 0
    const first = reader.list(question(0, HOUR_MS, { strong: true }))
    const later = Array.from({ length: 50 }, () => reader.list(question(0, HOUR_MS, { strong: true })))
    await Promise.all([first, ...later])
    expect(statements).toBe(2)
  })

  test('that many callers ask for at the same time take one read of the cache', async () => {
    const pipeline = vi.spyOn(at.cache, 'pipeline')
    const many = await Promise.all(Array.from({ length: 100 }, () => ask(NOW_MS, NOW_MS + DAY_MS)))
    expect(new Set(many).size).toBe(1)
    expect(pipeline).toHaveBeenCalledTimes(1)
    expect(answered).toHaveLength(100)
  })

  test('of a day of minutes, if asked for often, read only the few minutes that change', async () => {
    const fields: number[] = []
    const pipeline = at.cache.pipeline.bind(at.cache)
    vi.spyOn(at.cache, 'pipeline').mockImplementation(() => {
      const made = pipeline()
      const hmget = made.hmget.bind(made) as (...args: readonly string[]) => typeof made
      made.hmget = ((...args: readonly string[]) => {
        fields.push(args.length)
        return hmget(...args)
      }) as typeof made.hmget
      return made
    })
    const asked = question(NOW_MS, NOW_MS + DAY_MS)
    await vi.waitUntil(async () => {
      await untilCached(asked)
      return fields.at(-1)! < 100
    }, 40_000)
    expect(textOf(await untilCached({ ...asked, unit: 'day' }), NOW_MS)).toBe('0:4')
  })

  test('of different zones and units that are asked for at the same time are not mixed up', async () => {
    const asked = ZONES.flatMap(timeZone => UNITS.map(unit => question(-DAY_MS, DAY_MS / 2, { unit, timeZone })))
    const together = await Promise.all(asked.map(each => reader.list(each)))
    for (const [index, each] of asked.entries()) expect(together[index]!.buckets).toEqual((await reader.list(each)).buckets)
    expect(new Set(together.map(({ buckets }) => buckets.map(({ startMs }) => startMs).join())).size).toBeGreaterThan(15)
  })

  test('are refused as unavailable while neither the cache nor Postgres can prove them', async () => {
    await at.cache.flushall()
    const down = vi.spyOn(at.pool, 'query').mockRejectedValue(new Error('Postgres is down'))
    await expect(reader.list(question(0, MINUTE_MS))).rejects.toThrow(UnavailableError)
    await expect(reader.list(question(0, MINUTE_MS, { strong: true }))).rejects.toThrow('need Postgres, which does not answer')
    down.mockRestore()
    expect(await ask(0, MINUTE_MS)).toBe('0:2 from database')
  })

  test('that the calendar does not have are refused without a look', async () => {
    await expect(reader.list(question(0, MINUTE_MS, { timeZone: 'Mars/Olympus' }))).rejects.toThrow(
      'time_zone: got "Mars/Olympus", expected',
    )
    await expect(reader.list(question(0, 8 * DAY_MS))).rejects.toThrow('time_range: got more than 10080 buckets')
    expect(statements).toBe(0)
  })

  test('cover the range without gaps and add up to its count, cached and strong, at random', async () => {
    const random = seededRandom(1_972)
    await at.record(
      2,
      Array.from({ length: 500 }, () => randomTime(random)),
    )
    await fold(at.ledger, 2, 300)
    const sources = new Set<string>()
    for (let tries = 0; tries < QUESTIONS || (sources.size < 2 && tries < 400); tries++) {
      const unit = random.pick(UNITS)
      const asked = randomQuestion(random, unit)
      if (tries % 20 === 0) await at.fill()
      else for (let lane = 0; lane < LANES; lane++) await at.setAsof(lane, 0)
      const { buckets, source } = await reader.list(asked)
      sources.add(source)
      const { range } = asked
      const counts = await Promise.all([false, true].map(strong => at.reader.range(range, strong)))
      const sum = buckets.reduce((pings, { count }) => pings + count, 0n)
      expect([asked, sum, sum]).toEqual([asked, ...counts.map(({ count }) => count)])
      const ends = [...buckets.slice(1).map(({ startMs }) => startMs), range.endMs]
      expect(buckets.length === 0 ? range.startMs === range.endMs : buckets[0]!.startMs <= range.startMs).toBe(true)
      const picked = random.shuffled([...buckets.keys()]).slice(0, 4)
      for (const index of picked) {
        const startMs = index === 0 ? range.startMs : buckets[index]!.startMs
        expect(startMs).toBeLessThan(ends[index]!)
        expect((await at.reader.range({ startMs, endMs: ends[index]! }, true)).count).toBe(buckets[index]!.count)
      }
    }
    expect([...sources].sort()).toEqual(['cache', 'database'])
  })
})

function randomTime(random: Random): number {
  return random.pick([0, NOW_MS, NOW_MS, -3_000_000_000_000]) + random.between(-2, 3) * Math.floor(random.next() * 3 * HOUR_MS)
}

/** Of whole minutes, more often than not. */
function randomQuestion(random: Random, unit: BucketUnit): BucketQuestion {
  const to = (time: number) => (random.next() < 0.6 ? Math.floor(time / MINUTE_MS) * MINUTE_MS : time)
  const startMs = to(randomTime(random))
  const endMs = startMs + to(Math.floor(random.next() * SPREAD_MS[unit]))
  return { range: { startMs: BigInt(startMs), endMs: BigInt(endMs) }, unit, timeZone: random.pick(ZONES), strong: random.next() < 0.2 }
}
