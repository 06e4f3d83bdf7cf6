import { expect, test } from 'vitest'
import { countBuckets } from '../../src/ledger/buckets.ts'
import { fold, unfold } from '../../src/ledger/positions.ts'
import { countRange } from '../../src/ledger/ranges.ts'
import type { Client } from '../../src/postgres/pg-types.ts'
import { seededRandom } from '../support/random.ts'
import { describeOnPostgres, pingsAt, record, setUp, sql, withClient } from './ledger-fixture.ts'

const LANES = 3
const [INT64_MIN, INT64_MAX] = [-(2n ** 63n), 2n ** 63n - 1n]

describeOnPostgres('buckets', database => {
  test('are what ranges count one by one, over random histories and bounds', async () => {
    await setUp(database(), LANES)
    const random = seededRandom(13)
    const time = () => random.pick([0, -1_000_000, 1_700_000_000_000]) + random.between(-200_000, 200_000)
    const bound = () =>
      random.next() < 0.5
        ? BigInt(Math.floor(time() / 60_000)) * 60_000n
        : random.pick([BigInt(time()), BigInt(time()), INT64_MIN, INT64_MAX])
    await withClient(database(), async client => {
      for (let step = 0; step < 20; step++) {
        await record(client, random.between(0, LANES), pingsAt(...Array.from({ length: random.between(1, 30) }, time)))
        if (random.next() < 0.4) await fold(client, random.between(0, LANES), random.between(1, 40))
        const bounds = [...new Set(Array.from({ length: random.between(0, 20) }, bound))].sort((a, b) => (a < b ? -1 : 1))
        const counts = await Promise.all(bounds.slice(1).map((end, index) => countRange(client, bounds[index]!, end)))
        expect([bounds, await countBuckets(client, bounds)]).toEqual([bounds, counts])
      }
    })
  })

  test('read no rows but those above the folded positions and in the minutes that a bound cuts', async () => {
    await setUp(database(), LANES)
    await sql(database(), 'alter table pings set (autovacuum_enabled = off)') // never analysed
    await withClient(database(), async client => {
      await record(client, 0, pingsAt(...Array.from({ length: 5_000 }, (_, n) => n * 6_000)))
      await fold(client, 0, 5_000)
      await record(client, 0, pingsAt(...Array.from({ length: 20 }, () => 90_000)))
      const hours = Array.from({ length: 10 }, (_, hour) => BigInt(hour) * 3_600_000n)
      const rowsRead = async (bounds: readonly bigint[]) => {
        const before = await fetched(client)
        await countBuckets(client, bounds)
        return (await fetched(client)) - before
      }
      expect(await rowsRead(hours)).toBeLessThanOrEqual(25)
      expect(await rowsRead([30_000n, ...hours.slice(1), 32_430_000n])).toBeLessThanOrEqual(25 + 10)
      expect(await rowsRead(hours.map(hour => hour - 30_000n))).toBeLessThanOrEqual(25 + 10 * 10)
      expect(await rowsRead([30_000n, 30_001n, 30_002n])).toBeLessThanOrEqual(25 + 10)
    })
  })

  test('count every ping once while the rollup is being folded', async () => {
    await setUp(database(), LANES)
    const random = seededRandom(7)
    const times = () => Array.from({ length: 100 }, () => random.between(-600_000, 600_000))
    await withClient(database(), async client => {
      for (let n = 0; n < 12; n++) await record(client, n % LANES, pingsAt(...times()))
    })
    let [folding, folds] = [true, 0]
    const folder = withClient(database(), async client => {
      for (; folding; folds++) {
        const folded = await fold(client, folds % LANES, 50)
        if (folded === 0n) await unfold(client, folds % LANES)
      }
    }).finally(() => (folding = false))
    await withClient(database(), async client => {
      const bounds = Array.from({ length: 22 }, (_, n) => BigInt((n - 11) * 60_000 + (n % 3)))
      const expected = await countBuckets(client, bounds)
      for (let n = 0; n < 40 || (folding && folds <= 10); n++) expect(await countBuckets(client, bounds)).toEqual(expected)
      expect(expected.reduce((sum, count) => sum + count, 0n)).toBe(1_200n)
    }).finally(() => (folding = false))
    await folder
  })

  test('are not counted by a server that is in recovery', async () => {
    await setUp(database(), LANES)
    await withClient(database(), async client => {
      await client.query('create schema standby')
      await client.query('create function standby.pg_is_in_recovery() returns boolean language sql return true')
      await client.query('set search_path = standby, public, pg_catalog')
      await expect(countBuckets(client, [0n, 1n])).rejects.toThrow('Postgres answered as a standby')
    })
  })

  test('of the maximum number are counted, with bounds on whole minutes and within them', async () => {
    await setUp(database(), LANES)
    await withClient(database(), async client => {
      await record(client, 1, pingsAt(0, 59_972, 59_973, 10_079 * 60_000))
      for (const shift of [0n, -28n]) {
        const bounds = Array.from({ length: 10_081 }, (_, n) => BigInt(n) * 60_000n + shift)
        const counts = await countBuckets(client, bounds)
        expect([...counts.entries()].filter(([, count]) => count > 0n)).toEqual(
          shift === 0n
            ? [
                [0, 3n],
                [10_079, 1n],
              ]
            : [
                [0, 1n],
                [1, 2n],
                [10_079, 1n],
              ],
        )
      }
    })
  })
})

/** Rows of `pings` that all sessions have fetched. */
async function fetched(client: Client): Promise<number> {
  await client.query('select pg_stat_force_next_flush()')
  const { rows } = await client.query<{ fetched: number }>(
    "select (seq_tup_read + idx_tup_fetch)::int as fetched from pg_stat_user_tables where relname = 'pings'",
  )
  return rows[0]!.fetched
}
