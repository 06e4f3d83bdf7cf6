import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, chmodSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readHeads } from '../../src/ledger/heads.ts'
import { countRange } from '../../src/ledger/ranges.ts'
import { recordBatch } from '../../src/ledger/record.ts'
import { sumOfHeads } from '../../src/terms/position.ts'
import { firstOrAll } from '../support/depth.ts'
import type { TestDatabase } from '../support/postgres.ts'
import { describeOnPostgres, numberingFaults, pingsAt, record, rowsOf, setUp, sql, withClient } from './ledger-fixture.ts'

const total = (database: TestDatabase) => withClient(database, async client => sumOfHeads(await readHeads(client)))
const ONE = 'insert into pings (id, pinged_at) values (gen_random_uuid(), now())'

describeOnPostgres('a row inserted by hand or by an old server', database => {
  test.each([
    ['alone', [ONE], 1n],
    [
      'with many in one statement',
      ["insert into pings select gen_random_uuid(), now() - n * interval '1 day' from generate_series(1, 250) n"],
      250n,
    ],
    ['in several statements of a transaction', ['begin', ONE, ONE, 'savepoint s', ONE, 'rollback to s', ONE, 'commit'], 3n],
    [
      'with ids that exist, ON CONFLICT DO NOTHING',
      [
        "insert into pings values ('00000000-0000-4000-8000-000000000001', now())",
        "insert into pings select ('00000000-0000-4000-8000-00000000000' || n)::uuid, now() from generate_series(0, 3) n on conflict do nothing",
      ],
      4n,
    ],
  ])('is counted, in order and without gaps: %s', async (_, statements, expected) => {
    await setUp(database(), 3)
    await sql(database(), ...statements)
    expect(await total(database())).toBe(expected)
    expect(await numberingFaults(database())).toEqual([])
    expect(await withClient(database(), client => countRange(client, -(2n ** 63n), 2n ** 63n - 1n))).toBe(expected)
  })

  test('by COPY is counted', async () => {
    await setUp(database(), 3)
    const folder = mkdtempSync(join(tmpdir(), 'ping-test-copy-'))
    chmodSync(folder, 0o777)
    try {
      await sql(
        database().admin,
        `copy (select gen_random_uuid(), now() from generate_series(1, 40)) to '${folder}/rows'`,
        `copy pings (id, pinged_at) from '${folder}/rows'`,
      )
    } finally {
      rmSync(folder, { recursive: true })
    }
    expect(await total(database())).toBe(40n)
    expect(await numberingFaults(database())).toEqual([])
  })

  test('is counted if its user has no right but INSERT', async () => {
    await setUp(database(), 3)
    const user = `inserts_${database().config.database}`.slice(0, 60)
    await sql(database().admin, `create role ${user} login; grant insert on pings to ${user}`)
    await sql({ ...database(), config: { ...database().config, user } }, ONE, ONE)
    await sql(database().admin, `drop owned by ${user}; drop role ${user}`)
    expect(await total(database())).toBe(2n)
    expect(await numberingFaults(database())).toEqual([])
  })

  test('gets its own tag', async () => {
    await setUp(database(), 1)
    await sql(database(), ONE, ONE)
    const rows = await rowsOf<{ tag: bigint }>(database(), 'select tag from pings')
    expect(new Set(rows.map(({ tag }) => tag)).size).toBe(2)
    expect(rows.every(({ tag }) => tag > 0n)).toBe(true)
  })

  test('in an open transaction blocks one lane, and no number is used twice', async () => {
    await setUp(database(), 3)
    await withClient(database(), async hand => {
      await hand.query('begin')
      await hand.query(ONE)
      await withClient(database(), async client => {
        const { rows } = await hand.query<{ lane: number }>('select lane from pings')
        const order = [rows[0]!.lane, (rows[0]!.lane + 1) % 3, (rows[0]!.lane + 2) % 3]
        const batch = await recordBatch(client, order, pingsAt(1, 2))
        expect(batch.lane).toBe(order[1])
        expect(sumOfHeads(await readHeads(client))).toBe(2n)
      })
      await hand.query('commit')
    })
    expect(await total(database())).toBe(3n)
    expect(await numberingFaults(database())).toEqual([])
  })

  test('concurrent with others and with batches leaves no gap', async () => {
    await setUp(database(), 2)
    await Promise.all([
      ...Array.from({ length: 4 }, () => sql(database(), ...Array.from({ length: 25 }, () => ONE))),
      ...[0, 1].map(lane =>
        withClient(database(), async client => {
          for (let n = 0; n < 25; n++) await record(client, lane, pingsAt(n, n + 1))
        }),
      ),
    ])
    expect(await total(database())).toBe(200n)
    expect(await numberingFaults(database())).toEqual([])
  })

  test.each(firstOrAll(['repeatable read', 'serializable']))('is refused with a clear message in %s', async level => {
    await setUp(database(), 2)
    await withClient(database(), async hand => {
      await hand.query(`begin isolation level ${level}`)
      await expect(hand.query(ONE)).rejects.toThrow(`an insert needs READ COMMITTED, got ${level}`)
    })
    expect(await total(database())).toBe(0n)
  })

  test.each(
    firstOrAll([
      ['lane', "'00000000-0000-4000-8000-000000000001', now(), 0, null, null"],
      ['seq', "'00000000-0000-4000-8000-000000000001', now(), null, 1, null"],
      ['tag', "'00000000-0000-4000-8000-000000000001', now(), null, null, 7"],
      ['all', "'00000000-0000-4000-8000-000000000001', now(), 0, 1, 7"],
    ]),
  )('with its place given (%s) is refused with a clear message', async (_, values) => {
    await setUp(database(), 2)
    const given = sql(database(), `insert into pings (id, pinged_at, lane, seq, tag) values (${values})`)
    await expect(given).rejects.toThrow('lane, seq and tag are given by the ledger')
    expect(await total(database())).toBe(0n)
  })

  test.each(firstOrAll(["'infinity'", "'-infinity'", 'null']))('with the time %s is refused with a clear message', async time => {
    await setUp(database(), 2)
    const insert = sql(database(), `insert into pings (id, pinged_at) values ('${randomUUID()}', ${time})`)
    await expect(insert).rejects.toThrow('a row needs an id and a finite pinged_at')
  })

  test.each(
    firstOrAll(
      [
        ['lane', 'set lane = lane + 1'],
        ['seq', 'set seq = seq + 100'],
        ['tag', 'set tag = tag + 1'],
        ['time', "set pinged_at = pinged_at + interval '1 day'"],
        ['id', 'set id = gen_random_uuid()'],
      ],
      2,
    ),
  )('keeps its %s: an update in any form is refused', async (_, change) => {
    await setUp(database(), 2)
    await sql(database(), ONE)
    const refused = (statement: string) =>
      expect(sql(database(), statement), statement).rejects.toThrow('id, pinged_at, lane, seq and tag of a recorded row do not change')
    await refused(`update pings ${change}`)
    await refused(
      `insert into pings (id, pinged_at) select id, pinged_at from pings on conflict (id) do update ${change.replace('= ', '= pings.').replace('pings.gen', 'gen')}`,
    )
    await refused(`merge into pings using (select 1) one on true when matched then update ${change}`)
    expect(await total(database())).toBe(1n)
    expect(await numberingFaults(database())).toEqual([])
  })

  test('may be updated if nothing of the ledger changes', async () => {
    await setUp(database(), 2)
    await sql(database(), ONE, 'alter table pings add column note text')
    await sql(
      database(),
      "update pings set note = 'x'",
      'insert into pings (id, pinged_at) select id, now() from pings on conflict (id) do update set id = excluded.id',
    )
    expect(await total(database())).toBe(1n)
  })

  test.each([
    ['with no place is given one', ONE, 3n],
    [
      'with a place is refused',
      'insert into pings (id, pinged_at, lane, seq, tag) select gen_random_uuid(), now(), lane, seq + 1, tag + 1 from pings',
      1n,
    ],
  ])('in a transaction in which a batch was recorded: a row %s', async (_, insert, expected) => {
    await setUp(database(), 2)
    await withClient(database(), async hand => {
      await record(hand, 0, pingsAt(1))
      await hand.query('begin')
      await record(hand, 0, pingsAt(2))
      await hand.query(insert).catch((error: Error) => expect(error.message).toMatch('given by the ledger'))
      await hand.query('commit')
    })
    expect(await total(database())).toBe(expected)
    expect(await numberingFaults(database())).toEqual([])
  })

  test.each(firstOrAll(['on', 'off', '', '0']))('is numbered no matter what ping.recording was set to (%j)', async value => {
    await setUp(database(), 2)
    await sql(database(), `set ping.recording = '${value}'`, ONE, 'begin', ONE, 'commit')
    expect(await total(database())).toBe(2n)
    expect(await numberingFaults(database())).toEqual([])
  })

  test.each(
    firstOrAll(
      ['truncate pings, ping_lanes, ping_minutes', 'delete from ping_lanes where lane = 1', 'truncate ping_lanes', 'truncate ping_minutes'],
      2,
    ),
  )('remains counted: %s is refused with a clear message', async statement => {
    await setUp(database(), 2)
    await sql(database(), ONE)
    await expect(sql(database(), statement)).rejects.toThrow(
      /^ping_(lanes|minutes): its rows belong to those of pings and are not removed by hand; got (TRUNCATE|DELETE)$/,
    )
    await sql(database(), 'truncate pings', ONE)
    expect(await total(database())).toBe(1n)
  })
})
