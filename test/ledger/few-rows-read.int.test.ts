import { expect, test } from 'vitest'
import { countBuckets } from '../../src/ledger/buckets.ts'
import { changedHeads } from '../../src/ledger/changed-heads.ts'
import { readCountsAfter } from '../../src/ledger/counts-after.ts'
import { checkHeads, readHeads } from '../../src/ledger/heads.ts'
import { fold, foldCounts, movePublished, restartPublished } from '../../src/ledger/positions.ts'
import { countRange } from '../../src/ledger/ranges.ts'
import { rowsAfter } from '../../src/ledger/rows-after.ts'
import { countRowsAfter, readMinutesAt } from '../../src/ledger/snapshot.ts'
import type { Client } from '../../src/postgres/pg-types.ts'
import { START, type Head } from '../../src/terms/position.ts'
import { describeOnPostgres, pingsAt, record, setUp, withClient } from './ledger-fixture.ts'

const LANES = 16
/** A lane's rows, once there are many. */
const MANY = 400
/** Maximum number of rows that a statement may fetch over all lanes; one that reads lanes from their start fetches 6400. */
const FEW = LANES * 10
/** After five plans for the values of a call Postgres may keep one for all. */
const CALLS_UNTIL_PLANNED = 7
const NOW_MS = 1_700_000_000_000
const NOW_MINUTE = Math.floor(NOW_MS / 60_000)

/** Each statement that looks rows up by lane and number, at these heads and positions one before. */
function statements(client: Client, heads: readonly Head[], before: readonly Head[]): Readonly<Record<string, () => Promise<unknown>>> {
  const positions = new Map(before.map(head => [head.lane, head]))
  const moves = heads.map(({ lane, seq, tag }) => ({ lane, from: START, to: { seq, tag } }))
  return {
    readHeads: () => readHeads(client),
    changedHeads: () => changedHeads(client, undefined),
    checkHeads: async () => expect((await checkHeads(client, positions)).every(({ holds }) => holds)).toBe(true),
    movePublished: async () => expect((await movePublished(client, moves)).size).toBe(LANES),
    restartPublished: async () => {
      await client.query('update ping_lanes set published_seq = 5, published_tag = 5')
      expect(await restartPublished(client, 0, { seq: 5n, tag: 5n })).toBe(true)
    },
    foldCounts: async () => {
      await client.query('update ping_lanes set folded_seq = 0, folded_tag = 0')
      const folds = moves.map(move => ({ ...move, minutes: new Map([[NOW_MINUTE, Number(move.to.seq)]]) }))
      expect((await foldCounts(client, folds)).size).toBe(LANES)
    },
    rowsAfter: () => rowsAfter(client, positions, 5),
    readCountsAfter: async () => expect(await readCountsAfter(client, before, [[0n, 1n]])).toBeDefined(),
    countRange: () => countRange(client, 0n, BigInt(NOW_MS)),
    countBuckets: () => countBuckets(client, [0n, 1n, 60_000n, 3_599_999n, BigInt(NOW_MS)]),
    readMinutesAt: () => readMinutesAt(client, positions, 0n, BigInt(NOW_MINUTE) + 1n),
    countRowsAfter: () => countRowsAfter(client, positions, 0n, BigInt(NOW_MINUTE) + 1n),
  }
}

async function recordInEachLane(client: Client, rows: number): Promise<readonly Head[]> {
  for (let lane = 0; lane < LANES; lane++) await record(client, lane, pingsAt(...Array<number>(rows).fill(NOW_MS)))
  for (let lane = 0; lane < LANES; lane++) await fold(client, lane, MANY)
  return readHeads(client)
}

/** Rows of `pings` that this session has fetched, since some time or other. */
async function fetched(client: Client): Promise<number> {
  const { rows } = await client.query<{ fetched: bigint }>(
    "select seq_tup_read + idx_tup_fetch as fetched from pg_stat_xact_user_tables where relname = 'pings'",
  )
  return Number(rows[0]!.fetched)
}

/** The rows that a statement fetches; what it writes is undone. */
async function fetchedBy(client: Client, run: () => Promise<unknown>): Promise<number> {
  await client.query('begin')
  const before = await fetched(client)
  await run()
  const after = await fetched(client)
  await client.query('rollback')
  return after - before
}

describeOnPostgres('a statement that looks rows up by lane and number', database => {
  // As when autovacuum looks at a young table, and the sessions of that time live on.
  test('reads few rows, although it was planned when the table was small', async () => {
    await setUp(database(), LANES)
    await withClient(database(), async client => {
      let before = await readHeads(client)
      let heads = await recordInEachLane(client, 1)
      await client.query('analyze pings, ping_lanes')
      for (let call = 0; call < CALLS_UNTIL_PLANNED; call++) {
        for (const run of Object.values(statements(client, heads, before))) await fetchedBy(client, run)
      }
      before = await recordInEachLane(client, MANY)
      heads = await recordInEachLane(client, 1)
      const many: Record<string, number> = {}
      for (const [name, run] of Object.entries(statements(client, heads, before))) {
        const rows = await fetchedBy(client, run)
        if (rows > FEW) many[name] = rows
      }
      expect(many).toEqual({})
    })
  })
})
