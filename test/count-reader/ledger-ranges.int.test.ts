import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { connectClient } from '../../src/ledger/connect.ts'
import { migrate } from '../../src/ledger/migrate.ts'
import { Pool } from '../../src/ledger/pool.ts'
import { fold, unfold } from '../../src/ledger/positions.ts'
import type { Client } from '../../src/postgres/pg-types.ts'
import { LedgerRanges } from '../../src/server/count-reader/ledger-ranges.ts'
import { silent } from '../counters/caches.ts'
import { pingsAt, record } from '../ledger/ledger-fixture.ts'
import { firstOrAll } from '../support/depth.ts'
import { testDatabase, type TestDatabase } from '../support/postgres.ts'
import { seededRandom } from '../support/random.ts'

const LANES = 3
const MINUTE_MS = 60_000
const NOW = Math.floor(Date.now() / MINUTE_MS)
const WEEK = 10_080
const [INT64_MIN, INT64_MAX] = [-(2n ** 63n), 2n ** 63n - 1n]
const EVERYTHING = { startMs: INT64_MIN, endMs: BigInt(NOW + 5) * 60_000n }

describe('strong ranges', () => {
  let database: TestDatabase
  let pool: Pool
  let ledger: Client
  let ranges: LedgerRanges
  /** Names of the statements that counted ranges. */
  let asked: string[]
  beforeEach(async () => {
    database = await testDatabase()
    await migrate(database.config, { lanes: LANES, log: silent })
    pool = new Pool(database.config, { applicationName: 'test', max: 8, log: silent, queryTimeoutMs: 30_000 })
    ledger = await connectClient(database.config, 'test')
    ranges = new LedgerRanges(pool)
    asked = []
    const query = pool.query as (...args: readonly unknown[]) => Promise<unknown>
    vi.spyOn(pool, 'query').mockImplementation((...args: readonly unknown[]) => {
      asked.push((args[0] as { name: string }).name.replace(/_\d+$/, ''))
      return query(...args)
    })
  })
  afterEach(async () => {
    vi.useRealTimers()
    await ledger.end()
    await pool.end()
    await database.drop()
  })

  const minutes = (first: number, end: number) => ({ startMs: BigInt(first) * 60_000n, endMs: BigInt(end) * 60_000n })
  const week = minutes(NOW - WEEK, NOW + 1)
  /** Counts ranges often enough for minutes to be kept, until they are. */
  const untilKept = async () => {
    await vi.waitUntil(async () => {
      await Promise.all([ranges.count(week), ranges.count(week)])
      return asked.at(-1) === 'ping_counts_after'
    }, 40_000)
    asked = []
  }

  test('include every ping acked before, and no ping that was not sent, while others record and fold', async () => {
    const random = seededRandom(4)
    const sent: { timeMs: number; ackedMs: number }[] = []
    const time = () =>
      random.next() < 0.7
        ? Date.now() - random.between(0, 100_000)
        : (NOW - random.between(-3 * WEEK, 3 * WEEK)) * MINUTE_MS + random.between(0, MINUTE_MS)
    let recording = true
    const writers = Array.from({ length: LANES }, async (_, lane) => {
      const client = await connectClient(database.config, 'test-writer')
      for (let batch = 0; batch < 30; batch++) {
        const batchSent = Array.from({ length: random.between(1, 12) }, () => ({ timeMs: time(), ackedMs: Infinity }))
        sent.push(...batchSent)
        await record(client, lane, pingsAt(...batchSent.map(({ timeMs }) => timeMs)))
        for (const ping of batchSent) ping.ackedMs = performance.now()
        if (batch % 3 === 0) await fold(client, lane, random.between(1, 60))
        if (batch === 20) await unfold(client, lane)
      }
      await client.end()
    })
    const wrong: unknown[] = []
    const readers = Array.from({ length: 12 }, async (_, reader) => {
      while (recording) {
        const startMs =
          reader === 0 ? Number(INT64_MIN) : (NOW - random.between(-10, 2 * WEEK)) * MINUTE_MS + (reader % 2) * random.between(0, MINUTE_MS)
        const endMs = Math.max(
          startMs,
          (NOW - random.between(-10, WEEK)) * MINUTE_MS + (reader % 3 === 0 ? random.between(0, MINUTE_MS) : 0),
        )
        const askedMs = performance.now()
        const count = Number(await ranges.count({ startMs: BigInt(startMs), endMs: BigInt(endMs) }))
        const inRange = sent.filter(({ timeMs }) => timeMs >= startMs && timeMs < endMs)
        const [acked, attempted] = [inRange.filter(({ ackedMs }) => ackedMs < askedMs).length, inRange.length]
        if (count < acked || count > attempted) wrong.push({ startMs, endMs, acked, count, attempted })
      }
    })
    await Promise.all(writers)
    await untilKept()
    recording = false
    await Promise.all(readers)
    expect(wrong).toEqual([])
    for (let tries = 0; tries < 30; tries++) {
      const startMs = (NOW - random.between(-10, 3 * WEEK)) * MINUTE_MS
      const endMs = startMs + random.between(0, 3 * WEEK) * MINUTE_MS + random.pick([0, 1, 59_999])
      expect(await ranges.count({ startMs: BigInt(startMs), endMs: BigInt(endMs) })).toBe(
        BigInt(sent.filter(({ timeMs }) => timeMs >= startMs && timeMs < endMs).length),
      )
    }
  })

  test('take one statement each while they are rare; when they are frequent, the newest minutes are kept', async () => {
    await record(ledger, 0, pingsAt(NOW * MINUTE_MS, 5))
    expect(await ranges.count(week)).toBe(1n)
    expect(asked).toEqual(['ping_count_range'])
    await untilKept()
    const weeks = Array.from({ length: 50 }, (_, ago) => ranges.count(minutes(NOW - WEEK - ago, NOW - ago + 1)))
    expect((await Promise.all(weeks)).map(Number)).toEqual([1, ...Array.from({ length: 49 }, () => 0)])
    expect(asked).toEqual(['ping_counts_after'])
    expect(await ranges.count(EVERYTHING)).toBe(2n)
    expect(asked).toEqual(['ping_counts_after', 'ping_counts_after'])
  })

  test('are exact at their edges too, and all that wait share one statement', async () => {
    const times = [NOW * MINUTE_MS, NOW * MINUTE_MS + 1, NOW * MINUTE_MS + 59_999, (NOW - 7) * MINUTE_MS + 30_000]
    await record(ledger, 0, pingsAt(...times))
    await untilKept()
    const bounds = times.flatMap(time => [time, time + 1, time - 30_000])
    const pairs = bounds.flatMap(start => bounds.filter(end => start <= end).map(end => [start, end] as const))
    const counts = await Promise.all(pairs.map(([start, end]) => ranges.count({ startMs: BigInt(start), endMs: BigInt(end) })))
    expect(counts.map(Number)).toEqual(pairs.map(([start, end]) => times.filter(time => time >= start && time < end).length))
    expect(new Set(asked)).toEqual(new Set(['ping_counts_after']))
    expect(asked.length).toBeLessThanOrEqual(2)
  })

  const changes: readonly [string, () => Promise<unknown>, bigint, bigint?][] = [
    ['a failover lost the last ping', () => ledger.query('delete from pings where lane = 1 and seq = 3'), 2n],
    [
      'a failover lost pings and others got their numbers',
      async () => {
        await ledger.query('delete from pings where lane = 1 and seq >= 2')
        await record(ledger, 1, pingsAt(0, 0, 0))
      },
      1n,
      4n,
    ],
    ['the ledger was truncated', () => ledger.query('truncate pings'), 0n],
    [
      'lanes were added',
      async () => {
        await migrate(database.config, { lanes: LANES + 2, log: silent })
        await record(ledger, LANES + 1, pingsAt(NOW * MINUTE_MS))
      },
      4n,
    ],
    [
      'more pings were recorded than one statement reads',
      async () => {
        for (let batch = 0; batch < 3; batch++)
          await record(ledger, 0, pingsAt(...Array.from({ length: 4_000 }, () => (NOW - 30) * MINUTE_MS)))
      },
      12_003n,
    ],
  ]
  test.each(firstOrAll(changes, 2))('are exact at once after %s', async (_, change, ofWeek, ofAll = ofWeek) => {
    await record(ledger, 1, pingsAt(NOW * MINUTE_MS, NOW * MINUTE_MS, NOW * MINUTE_MS))
    await untilKept()
    await change()
    expect(await Promise.all([ranges.count(week), ranges.count(EVERYTHING)])).toEqual([ofWeek, ofAll])
    await untilKept()
    expect([await ranges.count(week), await ranges.count(EVERYTHING)]).toEqual([ofWeek, ofAll])
  })

  test('of minutes that are too old or too far ahead to be kept are counted by their own statements', async () => {
    const all = Array.from({ length: 21_000 }, (_, ago) => (NOW - ago) * MINUTE_MS) // more minutes than are kept
    for (let batch = 0; batch < 7; batch++) await record(ledger, batch % LANES, pingsAt(...all.slice(batch * 3_000, (batch + 1) * 3_000)))
    await record(ledger, 0, pingsAt((NOW + 9_000) * MINUTE_MS))
    await untilKept()
    expect(await ranges.count(week)).toBe(10_081n)
    expect(asked).toEqual(['ping_counts_after'])
    expect(await ranges.count(minutes(NOW - 20_500, NOW - 20_000))).toBe(500n)
    expect(await ranges.count({ startMs: INT64_MIN, endMs: INT64_MAX })).toBe(21_001n)
    expect(asked.slice(1)).toEqual(['ping_count_range', 'ping_count_range'])
  })

  test('of later days use kept minutes too, as the clock advances', async () => {
    await untilKept()
    const ahead = NOW + 3 * 24 * 60
    await record(ledger, 0, pingsAt(ahead * MINUTE_MS))
    vi.useFakeTimers({ toFake: ['Date'], now: ahead * MINUTE_MS })
    await vi.waitUntil(async () => {
      const later = minutes(NOW, ahead + 1)
      expect(await Promise.all([ranges.count(later), ranges.count(later)])).toEqual([1n, 1n])
      return asked.at(-1) === 'ping_counts_after'
    }, 40_000)
  })

  test('fail while Postgres does not answer, and are exact once it does', async () => {
    await record(ledger, 1, pingsAt(NOW * MINUTE_MS))
    await untilKept()
    vi.mocked(pool.query).mockRejectedValueOnce(new Error('Postgres is down'))
    await expect(ranges.count(week)).rejects.toThrow('Postgres is down')
    await record(ledger, 2, pingsAt(NOW * MINUTE_MS))
    expect(await ranges.count(week)).toBe(2n)
  })
})
