import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readHeads } from '../../src/ledger/heads.ts'
import { fold, readPositions } from '../../src/ledger/positions.ts'
import { countRange } from '../../src/ledger/ranges.ts'
import type { Client } from '../../src/postgres/pg-types.ts'
import { START, sumOfHeads } from '../../src/terms/position.ts'
import type { TestDatabase } from '../support/postgres.ts'
import { describeOnPostgres, numberingFaults, pingsAt, record, rowsOf, setUp, sql, untilOneWaits, withClient } from './ledger-fixture.ts'
import { recordAsBefore } from './older-database.ts'

/** Written by PostgreSQL 15's pg_dump, as the ordinary owner of the database: four lanes, some of them folded and published in part. */
const DUMP = join(import.meta.dirname, 'fixtures', 'database-at-version-4.sql')
const [INT64_MIN, INT64_MAX] = [-(2n ** 63n), 2n ** 63n - 1n]
const DAY_MS = 1_790_000_000_000n
const RANGES = [
  [INT64_MIN, INT64_MAX],
  [INT64_MIN, 0n],
  [-1n, 60_000n],
  [DAY_MS, DAY_MS + 60_000n],
  [DAY_MS + 1n, DAY_MS + 3_600_001n],
  [253_402_300_799_999n, INT64_MAX],
] as const

async function restore(database: TestDatabase): Promise<void> {
  await sql(database, await readFile(DUMP, 'utf8'))
}

/** All that a count, a relay or a processor reads of a database. */
async function contents(database: TestDatabase) {
  const tables = ['pings order by lane, seq', 'ping_minutes order by minute, lane', 'ping_lanes order by lane'].map(table =>
    rowsOf(database, `select * from ${table}`),
  )
  const counts = await withClient(database, async client => ({
    heads: await readHeads(client),
    positions: await readPositions(client),
    ranges: await inTurn(RANGES, ([start, end]) => countRange(client, start, end)),
  }))
  return { tables: await Promise.all(tables), ...counts }
}

async function inTurn<In, Out>(values: readonly In[], use: (value: In) => Promise<Out>): Promise<readonly Out[]> {
  const results: Out[] = []
  for (const value of values) results.push(await use(value))
  return results
}

const firstIdOf = async (client: Client): Promise<string> =>
  (await client.query<{ id: string }>('select id from pings where lane = 0 and seq = 1')).rows[0]!.id

describeOnPostgres('a database at version 4', database => {
  test('is upgraded by its owner: rows, positions, heads, minutes and ranges are kept, and pings are recorded and folded', async () => {
    await restore(database())
    const before = await contents(database())
    expect(before.ranges[0]).toBe(38n)
    expect(sumOfHeads(before.heads)).toBe(38n)
    await setUp(database())
    expect(await contents(database())).toEqual(before)
    await withClient(database(), async client => {
      const [known, fresh] = [{ id: await firstIdOf(client), timestampMs: 1n }, pingsAt(DAY_MS)]
      const batch = await record(
        client,
        3,
        [known, ...fresh].sort((a, b) => (a.id < b.id ? -1 : 1)),
      )
      const head = before.heads[3]!
      expect(batch).toMatchObject({ lane: 3, before: { seq: head.seq, tag: head.tag }, inserted: fresh })
      expect([...batch.known.keys()]).toEqual([known.id])
      expect(await fold(client, 3, 100)).toBe(1n)
      expect(await countRange(client, INT64_MIN, INT64_MAX)).toBe(39n)
      expect((await readPositions(client))[3]!.folded).not.toEqual(START)
    })
    expect(await numberingFaults(database())).toEqual([])
  })

  test('still serves a connected old server, even one whose batch waits for the upgrade, and a new server as well', async () => {
    await restore(database())
    await withClient(database(), holder =>
      withClient(database(), async old => {
        const [waits, ...others] = [pingsAt(1, 2), pingsAt(3), pingsAt(4)]
        expect(await recordAsBefore(old, 1, others[0])).toMatchObject({ lane: 1, before_seq: 15n, known_ids: null, known_times_ms: null })
        await holder.query('begin; select pg_advisory_xact_lock(ping_lock_class_batch(), 1)')
        const waiting = recordAsBefore(old, 1, waits)
        await untilOneWaits(database(), 'advisory')
        await setUp(database()) // locks nothing that a batch needs
        await holder.query('commit')
        const waited = await waiting
        expect(waited).toMatchObject({ before_seq: 16n, known_ids: null })
        const concurrent = await withClient(database(), client => record(client, 1, others[1]))
        expect(concurrent.before).toEqual({ seq: 18n, tag: waited.tag })
        expect(concurrent.inserted).toEqual(others[1])
        const mixed = [...waits, ...others[0], ...pingsAt(5)].sort((a, b) => (a.id < b.id ? -1 : 1))
        const again = await recordAsBefore(old, 1, mixed)
        expect(again).toMatchObject({ before_seq: 19n, before_tag: concurrent.tag })
        const known = new Map(again.known_ids!.map((id, index) => [id, again.known_times_ms![index]]))
        expect(known).toEqual(new Map([...waits, ...others[0]].map(({ id, timestampMs }) => [id, timestampMs])))
      }),
    )
    expect(await numberingFaults(database())).toEqual([])
    expect(sumOfHeads(await withClient(database(), readHeads))).toBe(43n)
  })
})
