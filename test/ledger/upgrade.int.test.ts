import { expect, test } from 'vitest'
import { readHeads } from '../../src/ledger/heads.ts'
import { readPositions } from '../../src/ledger/positions.ts'
import { countRange } from '../../src/ledger/ranges.ts'
import { MissingRightError } from '../../src/postgres/missing-right.ts'
import { within } from '../../src/runtime/wait.ts'
import { setUpDatabase } from '../../src/server/set-up-database.ts'
import { sumOfHeads } from '../../src/terms/position.ts'
import type { TestDatabase } from '../support/postgres.ts'
import {
  describeOnPostgres,
  numberingFaults,
  pingsAt,
  record,
  rowsOf,
  setUp,
  silent,
  sql,
  untilOneWaits,
  withClient,
} from './ledger-fixture.ts'
import { recordAsBefore, setUpAsBefore } from './older-database.ts'

const ONE = 'insert into pings (id, pinged_at) values (gen_random_uuid(), now())'
const CALL = { name: 'ping_record', text: 'select lane, before_seq, known_ids from ping_record($1, $2, $3)' }
const call = (seqOf: number) => ({ ...CALL, values: [[1], [`00000000-0000-4000-8000-${String(seqOf).padStart(12, '0')}`], [seqOf]] })

/** Changes the owner by hand, as an administrator would. */
const handOver = ({ admin }: TestDatabase) =>
  sql(
    admin,
    `do $$ declare thing text; begin
    for thing in select format('table %s', oid::regclass) from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'
      union all select format('function %s', oid::regprocedure) from pg_proc where pronamespace = 'public'::regnamespace
    loop execute 'alter ' || thing || ' owner to ping'; end loop; end $$`,
  )

describeOnPostgres('a database that a superuser set up before', database => {
  test('could not be set up by its owner then', async () => {
    await expect(setUpAsBefore(database())).rejects.toThrow('permission denied to set parameter "ping.recording"')
  })

  test('is upgraded by the owner of its tables: rows and counts are kept, and pings are recorded', async () => {
    await setUpAsBefore(database().admin)
    await handOver(database())
    const before = await withClient(database(), async client => [await readHeads(client), await readPositions(client)])
    await setUp(database(), 3)
    await withClient(database(), async client => {
      expect([await readHeads(client), await readPositions(client)]).toEqual(before)
      expect((await record(client, 1, pingsAt(3))).before.seq).toBe(2n)
      await client.query(ONE)
      expect(sumOfHeads(await readHeads(client))).toBe(4n)
      expect(await countRange(client, -(2n ** 63n), 2n ** 63n - 1n)).toBe(4n)
    })
    expect(await numberingFaults(database())).toEqual([])
    const settings = await rowsOf<{ config: string }>(
      database(),
      "select proconfig::text as config from pg_proc where proconfig::text like '%recording%'",
    )
    expect(settings).toEqual([])
  })

  test('is upgraded by the superuser too', async () => {
    await setUpAsBefore(database().admin)
    await setUp(database().admin, 3)
    expect((await withClient(database().admin, client => record(client, 1, pingsAt(3)))).before.seq).toBe(2n)
  })

  test('still serves a connected old server, even one whose batch waits for the upgrade', async () => {
    await setUpAsBefore(database().admin)
    await handOver(database())
    await withClient(database(), holder =>
      withClient(database(), async old => {
        expect((await old.query(call(1))).rows[0]).toMatchObject({ before_seq: 2n })
        await holder.query('begin; select pg_advisory_xact_lock(ping_lock_class_batch(), 1)')
        const waiting = old.query(call(2)).then(
          ({ rows }) => rows[0],
          (error: Error) => error.message,
        )
        await untilOneWaits(database(), 'advisory')
        await setUp(database(), 3)
        await holder.query('commit')
        // It began before: its rows are refused by the new trigger, and it sends the batch again, as after any refusal.
        expect(await waiting).toMatch('lane, seq and tag are given by the ledger')
        expect((await old.query(call(2))).rows[0]).toMatchObject({ before_seq: 3n, known_ids: null })
        expect((await old.query(call(2))).rows[0]).toMatchObject({ before_seq: 4n, known_ids: [expect.any(String)] })
      }),
    )
    expect(await numberingFaults(database())).toEqual([])
  })

  test('waits for an open transaction without blocking an old server longer than its queue lasts', async () => {
    await setUpAsBefore(database().admin)
    await handOver(database())
    const stop = new AbortController()
    await withClient(database(), hand =>
      withClient(database(), async old => {
        await hand.query(`begin; ${ONE}`)
        const lanes = await hand.query<{ held: number }>(
          "select objid::int as held from pg_locks where pid = pg_backend_pid() and locktype = 'advisory'",
        )
        const free = [0, 1, 2].find(lane => lane !== lanes.rows[0]!.held)!
        let isSetUp = false
        const settingUp = setUpDatabase(database().config, { lanes: 3, log: silent, signal: stop.signal }).then(() => (isSetUp = true))
        await expect
          .poll(async () => (await rowsOf(database(), "select from pg_locks where locktype = 'relation' and not granted")).length)
          .toBe(1)
        await within(40_000, 'the old server cannot record', recordAsBefore(old, free, pingsAt(5)))
        expect(isSetUp).toBe(false)
        await hand.query('commit')
        await settingUp
      }),
    ).finally(() => stop.abort())
    expect(await numberingFaults(database())).toEqual([])
  })

  test('is unchanged if the program does not connect as the owner, and the error says what to do', async () => {
    await setUpAsBefore(database().admin)
    const error: unknown = await setUp(database(), 3).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(MissingRightError)
    const { message } = error as Error
    expect(message).toMatch(
      /got tables or functions of Ping that belong to postgres, and a connection as ping, expected a connection as their owner/,
    )
    const [, statements] = message.split('Run in this database as a superuser: ')
    await sql(database().admin, `set search_path = nowhere; ${statements}`)
    await setUp(database(), 3)
    expect((await withClient(database(), client => record(client, 1, pingsAt(3)))).before.seq).toBe(2n)
  })
})
