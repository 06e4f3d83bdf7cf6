import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fold } from '../../../src/ledger/positions.ts'
import { BucketReader } from '../../../src/server/buckets/bucket-reader.ts'
import { bucketStarts, type BucketUnit } from '../../../src/server/buckets/calendar.ts'
import { offsetSpans, type OffsetSpan } from '../../../src/server/buckets/offset-spans.ts'
import { readerFixture, type ReaderFixture } from '../../count-reader/fixture.ts'
import { atDepth } from '../../support/depth.ts'
import { testDatabase, type TestDatabase } from '../../support/postgres.ts'
import { seededRandom } from '../../support/random.ts'
import { startCache, type TestRedis } from '../../support/redis.ts'

const UNITS: readonly BucketUnit[] = ['minute', 'hour', 'day', 'week', 'month']
const DAY_MS = 86_400_000
/** Older and newer versions of the time zone database agree on what was before. */
const [FROM_MS, TO_MS] = [Date.UTC(1830, 0, 1), Date.UTC(2026, 0, 1)]
/** Zones with what is rare: half hours, gaps at midnight, two midnights, skipped days, repeated days, seconds. */
const RARE = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Pacific/Kwajalein',
  'Asia/Manila',
  'America/Sao_Paulo',
  'America/Havana',
  'America/St_Johns',
  'America/Juneau',
  'Asia/Kathmandu',
  'Africa/Monrovia',
  'Africa/Casablanca',
  'Antarctica/Troll',
  'Asia/Beirut',
  'Asia/Amman',
]

/** True if the clock is set back from one date to the date before. Postgres then counts to that date what follows, Ping to the later one. */
function goesBackADay(before: OffsetSpan, after: OffsetSpan): boolean {
  const date = (offsetMs: number, timeMs: number) => Math.floor((timeMs + offsetMs) / DAY_MS)
  return date(before.offsetMs, after.fromMs - 1) > date(after.offsetMs, after.fromMs)
}

describe("Ping's calendar and Postgres' date_trunc", () => {
  let redis: TestRedis
  let database: TestDatabase
  let at: ReaderFixture
  beforeAll(async () => {
    redis = await startCache()
    database = await testDatabase()
    at = await readerFixture(database.config, redis.url)
  })
  afterAll(async () => {
    await at.close()
    await database.drop()
    await redis.stop()
  })

  test('begin every unit at the same instant, in many zones, around changes of the clock and between', async () => {
    const random = seededRandom(1884)
    const others = random.shuffled(Intl.supportedValuesOf('timeZone'))
    const zones = [...new Set([...RARE, ...others.slice(0, atDepth({ normally: 30, thoroughly: 100 }))])]
    const wrong: unknown[] = []
    let compared = 0
    for (const zone of zones) {
      const spans = [...offsetSpans(zone, FROM_MS, TO_MS)]
      const breaks = spans.flatMap((span, index) => (index > 0 && goesBackADay(spans[index - 1]!, span) ? [span.fromMs] : []))
      const near = Array.from({ length: 15 }, () => random.pick(spans).fromMs + random.between(-2 * DAY_MS, 2 * DAY_MS))
      const at0 = Array.from({ length: 6 }, () => random.pick(spans).fromMs + random.between(-1, 2))
      const anywhere = Array.from({ length: 6 }, () => FROM_MS + Math.floor(random.next() * (TO_MS - FROM_MS)))
      const times = [...near, ...at0, ...anywhere].filter(
        time => time >= FROM_MS && breaks.every(each => Math.abs(each - time) > 35 * DAY_MS),
      )
      const questions = UNITS.flatMap(unit =>
        times.map(time => ({ unit, time, start: bucketStarts({ startMs: BigInt(time), endMs: BigInt(time) + 1n }, unit, zone)[0]! })),
      )
      // The start is in Postgres' unit of the time, and the millisecond before it is not.
      const { rows } = await at.ledger.query<{ unit: string; time: bigint; start: bigint }>(
        `select unit, time, start from jsonb_to_recordset($1) as q (unit text, time bigint, start bigint)
         where date_trunc(unit, ping_time(start), $2) <> date_trunc(unit, ping_time(time), $2)
           or date_trunc(unit, ping_time(start - 1), $2) = date_trunc(unit, ping_time(time), $2) or start > time`,
        [JSON.stringify(questions), zone],
      )
      compared += questions.length
      wrong.push(...rows.map(row => ({ zone, ...row })))
    }
    expect(wrong).toEqual([])
    expect(compared).toBeGreaterThan(zones.length * 60)
  })

  test.each<[string, string]>([
    ['Europe/Berlin', '2025-03-30T01:00Z'],
    ['Europe/Berlin', '2025-10-26T01:00Z'],
    ['Australia/Lord_Howe', '2025-04-05T15:00Z'],
    ['Asia/Kathmandu', '1985-12-31T18:30Z'],
    ['Africa/Monrovia', '1972-01-07T00:44:30Z'],
    ['Pacific/Apia', '2011-12-30T10:00Z'],
    ['America/Sao_Paulo', '2018-11-04T03:00Z'],
    ['Europe/Berlin', '1893-03-31T23:06:32Z'],
  ])('count as many pings in each unit, in %s around %s', async (timeZone, centre) => {
    const random = seededRandom(24)
    const centreMs = Date.parse(centre)
    const times = Array.from(
      { length: 400 },
      () => centreMs + random.pick([-60, 0, 60]) + random.between(-2, 2) * random.between(0, 1.5 * DAY_MS),
    )
    await at.record(0, times.slice(0, 200))
    await at.record(1, times.slice(200))
    for (const lane of [0, 1]) await fold(at.ledger, lane, 150)
    const reader = new BucketReader({
      pool: at.pool,
      metrics: { countAnswered: () => undefined },
      cachedMinutes: range => at.reader.cachedMinutes(range),
    })
    const range = { startMs: BigInt(centreMs - 3 * DAY_MS), endMs: BigInt(centreMs + 3 * DAY_MS) }
    for (const unit of UNITS) {
      const { rows } = await at.ledger.query<{ first: bigint; pings: bigint }>(
        `select ping_time_ms(min(pinged_at)) as first, count(*) as pings from pings
         where pinged_at >= ping_time($3) and pinged_at < ping_time($4) group by date_trunc($1, pinged_at, $2) order by 1`,
        [unit, timeZone, range.startMs, range.endMs],
      )
      const { buckets, source } = await reader.list({ range, unit, timeZone, strong: true })
      expect(source).toBe('database')
      const startOf = (time: bigint) => buckets.findLast(({ startMs }) => startMs <= time)?.startMs
      expect(buckets.filter(({ count }) => count > 0n)).toEqual(rows.map(({ first, pings }) => ({ startMs: startOf(first), count: pings })))
    }
  })
})
