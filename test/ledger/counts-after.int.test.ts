import { expect, test } from 'vitest'
import { MAX_ROWS_AFTER, readCountsAfter, type Edge } from '../../src/ledger/counts-after.ts'
import { readHeads } from '../../src/ledger/heads.ts'
import { countRange } from '../../src/ledger/ranges.ts'
import { countRowsAfter } from '../../src/ledger/snapshot.ts'
import type { Client } from '../../src/postgres/pg-types.ts'
import type { Head } from '../../src/terms/position.ts'
import { seededRandom } from '../support/random.ts'
import { describeOnPostgres, pingsAt, record, setUp, sql, withClient } from './ledger-fixture.ts'

const LANES = 3
const [INT64_MIN, INT64_MAX] = [-(2n ** 63n), 2n ** 63n - 1n]
const ALL: Edge = [INT64_MIN, INT64_MAX]

const after = async (client: Client, heads: readonly Head[], edges: readonly Edge[] = []) => {
  const counts = await readCountsAfter(client, heads, edges)
  return counts && { heads: counts.heads, minutes: Object.fromEntries(counts.minutes), edges: counts.edges.map(Number) }
}

describeOnPostgres('counts after positions', database => {
  test('are what SQL counts, over random histories and bounds', async () => {
    await setUp(database(), LANES)
    const random = seededRandom(8)
    const time = () => random.pick([0, -1_000_000, 1_700_000_000_000]) + random.between(-200_000, 200_000)
    const bound = () => random.pick([BigInt(time()), BigInt(time()), INT64_MIN, INT64_MAX, 7_730_941_132_800_000n])
    await withClient(database(), async client => {
      let known = await readHeads(client)
      for (let step = 0; step < 40; step++) {
        const pings = Array.from({ length: random.between(1, 20) }, time)
        await record(client, random.between(0, LANES), pingsAt(...pings))
        const edges = Array.from(
          { length: random.between(0, 4) },
          () => [bound(), bound()].sort((a, b) => (a < b ? -1 : 1)) as unknown as Edge,
        )
        const counts = (await readCountsAfter(client, known, edges))!
        expect(counts.heads).toEqual(await readHeads(client))
        const positions = new Map(known.map(head => [head.lane, head]))
        const byMinute = await countRowsAfter(client, positions, -(2n ** 40n), 2n ** 40n)
        expect(counts.minutes).toEqual(new Map([...byMinute].map(([minute, count]) => [minute, Number(count)])))
        for (const [index, edge] of edges.entries()) expect([edge, counts.edges[index]]).toEqual([edge, await countRange(client, ...edge)])
        if (random.next() < 0.5) known = counts.heads
      }
    })
  })

  test('are undefined if a position is no longer in the ledger', async () => {
    await setUp(database(), LANES)
    await withClient(database(), async client => {
      await record(client, 1, pingsAt(1, 2, 3))
      const heads = await readHeads(client)
      expect(await after(client, heads, [ALL])).toEqual({ heads, minutes: {}, edges: [3] })
      await client.query('delete from pings where lane = 1 and seq = 3') // as after a failover that lost it
      expect(await after(client, heads)).toBeUndefined()
      await record(client, 1, pingsAt(70_000, 80_000)) // the same numbers, with another tag
      expect(await after(client, heads)).toBeUndefined()
      expect(await after(client, await readHeads(client))).toMatchObject({ minutes: {} })
      await sql(database(), 'truncate pings')
      expect(await after(client, heads)).toBeUndefined()
    })
  })

  test('include added lanes, and are undefined for a position in an unknown lane', async () => {
    await setUp(database(), LANES)
    await withClient(database(), async client => {
      const heads = await readHeads(client)
      await setUp(database(), LANES + 1)
      await record(client, LANES, pingsAt(60_000, 60_001))
      expect(await after(client, heads)).toMatchObject({ minutes: { 1: 2 }, heads: { length: LANES + 1 } })
      expect(await after(client, [...(await readHeads(client)), { lane: LANES + 1, seq: 0n, tag: 0n }])).toBeUndefined()
    })
  })

  test('are undefined if too many pings follow a position', async () => {
    await setUp(database(), 16)
    const maxRows = MAX_ROWS_AFTER / 16
    await withClient(database(), async client => {
      await record(client, 0, pingsAt(0))
      const heads = await readHeads(client)
      await record(client, 0, pingsAt(...Array.from({ length: maxRows }, () => 1)))
      expect(await after(client, heads)).toMatchObject({ minutes: { 0: maxRows } })
      await record(client, 0, pingsAt(2))
      expect(await after(client, heads)).toBeUndefined()
      expect(await after(client, await readHeads(client))).toMatchObject({ minutes: {} })
    })
  })

  test('read only the new rows, and are planned once, from the first row on', async () => {
    await setUp(database(), LANES)
    await sql(database(), 'alter table pings set (autovacuum_enabled = off)') // never analysed
    await withClient(database(), async client => {
      await record(client, 0, pingsAt(...Array.from({ length: 5_000 }, (_, n) => n * 6_000)))
      const heads = await readHeads(client)
      await record(client, 0, pingsAt(1, 2, 3))
      const rowsRead = async () => {
        await client.query('select pg_stat_force_next_flush()')
        const { rows } = await client.query<{ read: number }>(
          "select (seq_tup_read + idx_tup_fetch)::int as read from pg_stat_user_tables where relname = 'pings'",
        )
        return rows[0]!.read
      }
      const before = await rowsRead()
      expect(await after(client, heads, [[0n, 12_000n]])).toMatchObject({ minutes: { 0: 3 }, edges: [5] })
      expect((await rowsRead()) - before).toBeLessThan(20)
      const edges: readonly Edge[] = [
        [0n, 12_000n],
        [1n, 2n],
      ]
      for (let calls = 0; calls < 20; calls++) await after(client, heads, edges.slice(0, calls % 3))
      const { rows } = await client.query<{ plans: bigint }>(
        "select custom_plans as plans from pg_prepared_statements where name like 'ping_counts_after%'",
      )
      expect(Number(rows[0]!.plans)).toBeLessThanOrEqual(5) // Postgres' own tries
    })
  })
})
