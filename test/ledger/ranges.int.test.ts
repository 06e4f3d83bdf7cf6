import { expect, test } from 'vitest'
import { Pool } from '../../src/ledger/pool.ts'
import { fold, unfold } from '../../src/ledger/positions.ts'
import { countRange } from '../../src/ledger/ranges.ts'
import { countRowsAfter, countRowsByMinute, inSnapshot, readCounts, readMinutesAt } from '../../src/ledger/snapshot.ts'
import type { Client } from '../../src/postgres/pg-types.ts'
import { atDepth } from '../support/depth.ts'
import type { TestDatabase } from '../support/postgres.ts'
import { describeOnPostgres, pingsAt, record, rowsOf, setUp, silent, sql, withClient } from './ledger-fixture.ts'

const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n
const LANES = 3
const NOW_MS = 1_700_000_000_000n
/** Random times are generated around these. */
const CENTRES = [0n, NOW_MS, NOW_MS, -62_135_596_800_000n, 253_402_300_799_999n, -90_000_000n]
const BOUNDS = [
  INT64_MIN,
  INT64_MIN + 1n,
  INT64_MAX - 1n,
  INT64_MAX,
  -210_866_803_200_001n,
  9_224_318_015_999_999n,
  9_224_318_016_000_000n,
  7_730_941_132_800_000n,
  ...CENTRES,
]

/** A small generator with a seed, so that a failure can be repeated. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return below => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

function randomTime(random: (below: number) => number): bigint {
  const spread = [10, 120_000, 3_600_000][random(3)]!
  const time = CENTRES[random(CENTRES.length)]! + BigInt(random(spread) - Math.floor(spread / 2))
  return time < -62_135_596_800_000n ? -62_135_596_800_000n : time > 253_402_300_799_999n ? 253_402_300_799_999n : time
}

async function fill(client: Client, random: (below: number) => number, batches: number): Promise<void> {
  for (let n = 0; n < batches; n++) {
    await record(client, random(LANES), pingsAt(...Array.from({ length: 1 + random(30) }, () => randomTime(random))))
    if (random(3) === 0) await fold(client, random(LANES), 1 + random(40))
  }
}

/** Any bounds, near to pings and to whole minutes, in order. */
function randomBounds(random: (below: number) => number): readonly [bigint, bigint] {
  const one = () => {
    if (random(8) === 0) return BOUNDS[random(BOUNDS.length)]!
    const time = randomTime(random)
    return random(3) === 0 ? (time / 60_000n) * 60_000n + BigInt(random(3) - 1) : time
  }
  const [a, b] = [one(), one()]
  return a < b ? [a, b] : [b, a]
}

const BY_SQL =
  'select count(*) as count from pings where floor(extract(epoch from pinged_at) * 1000) >= $1::numeric and floor(extract(epoch from pinged_at) * 1000) < $2::numeric'

const QUERIES = atDepth({ normally: 80, thoroughly: 250 })
const BATCHES = atDepth({ normally: 25, thoroughly: 60 })
const FOLDS = atDepth({ normally: 15, thoroughly: 50 })

describeOnPostgres('a range', database => {
  test('counts as SQL does, over random times and bounds', async () => {
    await setUp(database(), LANES)
    const random = randomFrom(20_260_101)
    await withClient(database(), async client => {
      await fill(client, random, BATCHES)
      for (let n = 0; n < QUERIES; n++) {
        const bounds = randomBounds(random)
        const { rows } = await client.query<{ count: bigint }>(BY_SQL, bounds.map(String))
        expect([bounds, await countRange(client, ...bounds)]).toEqual([bounds, rows[0]!.count])
      }
    })
  })

  test('counts rows by hand with any time that Postgres supports', async () => {
    await setUp(database(), LANES)
    await sql(
      database(),
      `insert into pings select gen_random_uuid(), t from unnest(array['4714-11-24 00:00:00+00 BC', '294276-12-31 23:59:59+00', '250000-06-01 00:00:30+00']::timestamptz[]) t`,
    )
    const { ms } = (
      await rowsOf<{ ms: bigint }>(database(), "select (extract(epoch from '250000-06-01 00:00:30+00'::timestamptz) * 1000)::bigint as ms")
    )[0]!
    await withClient(database(), async client => {
      const counts = async (...bounds: [bigint, bigint]) => Number(await countRange(client, ...bounds))
      expect(await counts(INT64_MIN, INT64_MAX)).toBe(3)
      expect(await counts(-210_866_803_200_000n, 9_224_318_016_000_000n)).toBe(3)
      expect(await counts(-210_866_803_199_999n, 9_224_318_015_999_000n)).toBe(1)
      expect([await counts(ms, ms + 1n), await counts(0n, ms), await counts(0n, ms + 1n), await counts(ms + 1n, INT64_MAX)]).toEqual([
        1, 0, 1, 1,
      ])
    })
  })

  test('reads no rows but those above the folded positions and in the minutes at its edges', async () => {
    await setUp(database(), LANES)
    await sql(database(), 'alter table pings set (autovacuum_enabled = off)') // never analysed
    await withClient(database(), async client => {
      await record(client, 0, pingsAt(...Array.from({ length: 5_000 }, (_, n) => n * 6_000)))
      await fold(client, 0, 5_000)
      await record(client, 0, pingsAt(...Array.from({ length: 20 }, () => 90_000)))
      const rowsRead = async () => {
        await client.query('select pg_stat_force_next_flush()')
        const { rows } = await client.query<{ read: number }>(
          "select (seq_tup_read + idx_tup_fetch)::int as read from pg_stat_user_tables where relname = 'pings'",
        )
        return rows[0]!.read
      }
      const before = await rowsRead()
      expect(await countRange(client, 30_000n, 20_000_030n)).toBe(3_349n)
      expect((await rowsRead()) - before).toBeLessThan(100)
    })
  })

  test('is exact while the rollup is being folded', async () => {
    await setUp(database(), LANES)
    const random = randomFrom(7)
    await withClient(database(), async client => {
      for (let n = 0; n < 20; n++) await record(client, n % LANES, pingsAt(...Array.from({ length: 100 }, () => randomTime(random))))
    })
    let [folding, folds] = [true, 0]
    const folder = withClient(database(), async client => {
      for (; folding; folds++) {
        const folded = await fold(client, folds % LANES, 100)
        if (folded === 0n) await unfold(client, folds % LANES)
      }
    }).finally(() => (folding = false))
    await withClient(database(), async client => {
      const wrong: bigint[] = []
      for (let n = 0; n < 6 * FOLDS || (folding && folds <= FOLDS); n++) {
        const count = await countRange(client, INT64_MIN, INT64_MAX)
        if (count !== 2_000n) wrong.push(count)
      }
      expect(wrong).toEqual([])
    }).finally(() => (folding = false))
    await folder
  })
})

describeOnPostgres('a snapshot', database => {
  test('holds the newest minutes below the limit completely, no matter how far the lanes are folded', async () => {
    await setUp(database(), LANES)
    const random = randomFrom(99)
    await withClient(database(), async client => {
      await fill(client, random, BATCHES)
      await expectCounts(database(), client, { minutesTo: 30_000_000, maxMinutes: 1_000_000 })
      await expectCounts(database(), client, { minutesTo: 30_000_000, maxMinutes: 10 })
      await expectCounts(database(), client, { minutesTo: 1, maxMinutes: 3 })
      await expectCounts(database(), client, { minutesTo: -2_000_000_000, maxMinutes: 3 })
    })
  })

  test('counts minutes at any positions, before and after the folded ones', async () => {
    await setUp(database(), LANES)
    await withClient(database(), async client => {
      await fill(client, randomFrom(5), 40)
      for (const share of [0n, 1n, 2n, 3n]) {
        const { rows } = await client.query<{ lane: number; head: bigint }>('select lane, max(seq) as head from pings group by lane')
        const positions = new Map(rows.map(({ lane, head }) => [lane, { seq: (head * share) / 3n, tag: 1n }]))
        const expected = await client.query<{ minute: bigint; count: bigint }>(
          `select ping_minute(pinged_at) as minute, count(*) as count from pings p
           join unnest($1::int[], $2::bigint[]) as a (lane, seq) on a.lane = p.lane and p.seq <= a.seq group by 1`,
          [[...positions.keys()], [...positions.values()].map(({ seq }) => String(seq))],
        )
        const got = await readMinutesAt(client, positions, INT64_MIN / 60_000n, INT64_MAX / 60_000n)
        expect(got).toEqual(new Map(expected.rows.map(({ minute, count }) => [Number(minute), count])))
        const after = await countRowsAfter(client, positions, INT64_MIN / 60_000n, INT64_MAX / 60_000n)
        const all = await countRowsByMinute(client, INT64_MIN / 60_000n, INT64_MAX / 60_000n)
        for (const [minute, count] of all) expect((got.get(minute) ?? 0n) + (after.get(minute) ?? 0n), String(minute)).toBe(count)
      }
    })
  })
})

async function expectCounts(database: TestDatabase, client: Client, window: { minutesTo: number; maxMinutes: number }): Promise<void> {
  const pool = new Pool(database.config, { applicationName: 'test', max: 1, log: silent })
  try {
    const counts = await readCounts(pool, window)
    const all = [...(await countRowsByMinute(client, -1_000_000_000_000n, BigInt(window.minutesTo)))].sort(([a], [b]) => b - a)
    expect(counts.minutes).toEqual(new Map(all.slice(0, window.maxMinutes)))
    expect(counts.minutesFrom).toBe(all.length > window.maxMinutes ? all[window.maxMinutes]![0] + 1 : undefined)
    expect(counts.total).toBe((await client.query('select count(*) as rows from pings')).rows[0].rows)
    await expect(inSnapshot(pool, db => db.query('insert into pings values (gen_random_uuid(), now())'))).rejects.toThrow(/read-only/)
  } finally {
    await pool.end()
  }
}
