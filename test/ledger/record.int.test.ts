import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { expect, test } from 'vitest'
import { readHeads } from '../../src/ledger/heads.ts'
import { recordBatch } from '../../src/ledger/record.ts'
import { rowsAfter } from '../../src/ledger/rows-after.ts'
import { classifyBatchFailure } from '../../src/postgres/batch-failure.ts'
import { createPostgresClient } from '../../src/runtime/postgres-client.ts'
import { wait } from '../../src/runtime/wait.ts'
import { START, sumOfHeads } from '../../src/terms/position.ts'
import { atDepth } from '../support/depth.ts'
import { describeOnEachPostgres, numberingFaults, pingsAt, record, setUp, sql, untilOneWaits, withClient } from './ledger-fixture.ts'

const FIRST_MS = -62_135_596_800_000n
const LAST_MS = 253_402_300_799_999n

const DELETIONS = atDepth({ normally: 5, thoroughly: 16 })

describeOnEachPostgres('a batch', database => {
  test('gets the next numbers of its lane and one tag, and reports the head before it', async () => {
    await setUp(database(), 2)
    await withClient(database(), async client => {
      const one = await record(client, 1, pingsAt(10, 20))
      const two = await record(client, 1, pingsAt(30))
      expect([one.before, two.before]).toEqual([START, { seq: 2n, tag: one.tag }])
      expect(one.tag).toBeGreaterThan(0n)
      expect(two.tag).not.toBe(one.tag)
      const rows = (await rowsAfter(client, new Map([[1, START]]), 10)).get(1)!
      expect(rows.map(({ seq, tag, id }) => ({ seq, tag, id }))).toEqual([
        { seq: 1n, tag: one.tag, id: one.inserted[0]!.id },
        { seq: 2n, tag: one.tag, id: one.inserted[1]!.id },
        { seq: 3n, tag: two.tag, id: two.inserted[0]!.id },
      ])
    })
  })

  test('keeps times exact to the millisecond at both ends', async () => {
    await setUp(database(), 1)
    const times = [FIRST_MS, FIRST_MS + 1n, -1n, 0n, 1n, 59_999n, 60_000n, LAST_MS - 1n, LAST_MS]
    await withClient(database(), async client => {
      await client.query("set timezone = 'America/New_York'")
      await record(client, 0, pingsAt(...times))
      const rows = (await rowsAfter(client, new Map([[0, START]]), 100)).get(0)!
      expect(rows.map(row => row.timestampMs).sort((a, b) => (a < b ? -1 : 1))).toEqual(times)
    })
  })

  test('does not insert known ids, and reports them with their times', async () => {
    await setUp(database(), 2)
    await withClient(database(), async client => {
      const [known, fresh] = [pingsAt(1, 2, 3), pingsAt(7, 8)]
      await record(client, 0, known)
      const mixed = [...known.map(ping => ({ ...ping, timestampMs: 99n })), ...fresh].sort((a, b) => (a.id < b.id ? -1 : 1))
      const batch = await record(client, 1, mixed)
      expect(batch.known).toEqual(new Map(known.map(ping => [ping.id, ping.timestampMs])))
      expect(batch.inserted).toEqual(fresh)
      const again = await record(client, 1, mixed)
      expect(again.inserted).toEqual([])
      expect(again.known.size).toBe(5)
      expect(sumOfHeads(await readHeads(client))).toBe(5n)
    })
    expect(await numberingFaults(database())).toEqual([])
  })

  test('looks up only doubtful ids; any other known id fails the whole batch for a retry, and no number is lost', async () => {
    await setUp(database(), 2)
    await withClient(database(), async client => {
      const [there, given, made] = [pingsAt(1), pingsAt(2), pingsAt(3)]
      await record(
        client,
        0,
        [...there, ...given].sort((a, b) => (a.id < b.id ? -1 : 1)),
      )
      const withMade = [...given, ...made].sort((a, b) => (a.id < b.id ? -1 : 1))
      const batch = await recordBatch(
        client,
        [1],
        withMade,
        given.map(({ id }) => id),
      )
      expect([batch.inserted, [...batch.known]]).toEqual([made, given.map(({ id, timestampMs }) => [id, timestampMs])])
      const all = [...there, ...pingsAt(4)].sort((a, b) => (a.id < b.id ? -1 : 1))
      const error: unknown = await recordBatch(client, [1], all, []).catch((reason: unknown) => reason)
      expect(classifyBatchFailure(error)).toBe('repeat')
      const again = await recordBatch(client, [1], all)
      expect([again.before, again.inserted.length, again.known.get(there[0]!.id)]).toEqual([{ seq: 1n, tag: batch.tag }, 1, 1n])
    })
    expect(await numberingFaults(database())).toEqual([])
  })

  test('inserts the others even if a known id is deleted during the look-up', async () => {
    await setUp(database(), 1)
    await withClient(database(), remover =>
      withClient(database(), async client => {
        for (let round = 0; round < DELETIONS; round++) {
          const pings = pingsAt(...Array.from({ length: 2_000 }, () => 1))
          await record(client, 0, [pings[1_000]!])
          const recording = record(client, 0, pings)
          await wait((round * 8) / DELETIONS)
          await remover.query('delete from pings where id = $1', [pings[1_000]!.id])
          const { inserted } = await recording
          const { rows } = await client.query('select count(*)::int as there from pings where id = any($1)', [
            inserted.map(({ id }) => id).filter(id => id !== pings[1_000]!.id),
          ])
          expect(rows).toEqual([{ there: 1_999 }])
          await client.query('delete from pings')
        }
      }),
    )
  })

  test('writes WAL even if all its ids are known', async () => {
    await setUp(database(), 1)
    await withClient(database(), async client => {
      const pings = pingsAt(1)
      await record(client, 0, pings)
      const messages = async () => {
        const { rows } = await client.query('select pg_current_wal_insert_lsn()::text as lsn')
        return rows[0].lsn as string
      }
      const before = await messages()
      await record(client, 0, pings)
      expect(await messages()).not.toBe(before)
    })
  })

  test('takes the first free lane, and waits for the first lane if all are in use', async () => {
    await setUp(database(), 2)
    const hold = 'select pg_advisory_xact_lock(ping_lock_class_batch(), $1)'
    await withClient(database(), holder =>
      withClient(database(), async client => {
        await holder.query('begin')
        await holder.query(hold, [1])
        expect((await recordBatch(client, [1, 0], pingsAt(1))).lane).toBe(0)
        await holder.query(hold, [0])
        const waiting = recordBatch(client, [1, 0], pingsAt(2))
        await untilOneWaits(database(), 'advisory')
        await holder.query('commit')
        expect((await waiting).lane).toBe(1)
      }),
    )
  })

  test('reads the head after it has the lock, not before', async () => {
    await setUp(database(), 1)
    await withClient(database(), holder =>
      withClient(database(), async client => {
        await holder.query('begin')
        await record(holder, 0, pingsAt(1, 2))
        const waiting = record(client, 0, pingsAt(3))
        await untilOneWaits(database(), 'advisory')
        await holder.query('commit')
        expect((await waiting).before.seq).toBe(2n)
      }),
    )
  })

  test('is refused outside READ COMMITTED', async () => {
    await setUp(database(), 1)
    await withClient(database(), async client => {
      await client.query('begin isolation level repeatable read')
      await expect(record(client, 0, pingsAt(1))).rejects.toThrow('ping_record_batch needs READ COMMITTED, got repeatable read')
    })
  })

  test('is READ COMMITTED no matter what the defaults of the database are, and gets warnings', async () => {
    await setUp(database(), 1)
    const name = pg.escapeIdentifier(database().config.database!)
    await sql(
      database(),
      `alter database ${name} set default_transaction_isolation = 'serializable'`,
      `alter database ${name} set client_min_messages = 'error'`,
      `alter database ${name} set statement_timeout = '1ms'`,
    )
    await withClient(database(), async client => {
      expect((await record(client, 0, pingsAt(1))).before).toEqual(START)
      const { rows } = await client.query('show client_min_messages')
      expect(rows).toEqual([{ client_min_messages: 'warning' }])
    })
  })

  test('fails as a whole for a retry if another lane gets an id first, and no number is lost', async () => {
    await setUp(database(), 2)
    const shared = pingsAt(1)
    const others = pingsAt(2, 3)
    const mixed = [...shared, ...others].sort((a, b) => (a.id < b.id ? -1 : 1))
    await withClient(database(), holder =>
      withClient(database(), async client => {
        await holder.query('begin')
        await record(holder, 0, shared)
        const losing = record(client, 1, mixed)
        losing.catch(() => undefined)
        await untilOneWaits(database(), 'transactionid')
        await holder.query('commit')
        const error: unknown = await losing.catch((reason: unknown) => reason)
        expect(classifyBatchFailure(error)).toBe('repeat')
        const again = await record(client, 1, mixed)
        expect([again.before, again.inserted, [...again.known.keys()]]).toEqual([START, others, [shared[0]!.id]])
      }),
    )
    expect(await numberingFaults(database())).toEqual([])
  })

  test('from eight recorders at once leaves no gap, and the head is always right', async () => {
    await setUp(database(), 3)
    let [running, watched] = [true, 0]
    const watching = withClient(database(), async client => {
      while (running) {
        await client.query('begin isolation level repeatable read')
        const heads = sumOfHeads(await readHeads(client))
        const { rows } = await client.query('select count(*) as rows from pings')
        await client.query('commit')
        expect(rows[0].rows).toBe(heads)
        watched++
      }
    })
    const recording = Array.from({ length: 8 }, (_, n) =>
      withClient(database(), async client => {
        for (let round = 0; round < 20; round++)
          await recordBatch(client, [n % 3, (n + 1) % 3, (n + 2) % 3], pingsAt(...Array.from({ length: 1 + (round % 7) }, () => round)))
      }),
    )
    await Promise.all(recording).finally(() => (running = false))
    await watching
    expect(watched).toBeGreaterThan(3)
    expect(await numberingFaults(database())).toEqual([])
  })

  test('reads by index from the first row on, in tables that were never analyzed', async () => {
    await setUp(database(), 2)
    await sql(database(), 'alter table pings set (autovacuum_enabled = off)')
    const hand = createPostgresClient(database().config) // with the planner's defaults
    await hand.connect()
    await withClient(database(), async client => {
      const scans = async () => {
        await client.query('select pg_stat_force_next_flush()')
        const { rows } = await client.query(
          "select seq_scan::int as scans, idx_scan::int as looks from pg_stat_user_tables where relname = 'pings'",
        )
        return rows[0] as { scans: number; looks: number }
      }
      const before = await scans()
      for (let n = 0; n < 20; n++) {
        const pings = pingsAt(n, n + 1, n + 2)
        await record(client, n % 2, pings)
        await record(
          client,
          n % 2,
          [...pings, ...pingsAt(n)].sort((a, b) => (a.id < b.id ? -1 : 1)),
        )
        await record(client, n % 2, pings)
        await hand.query('insert into pings (id, pinged_at) values ($1, now())', [randomUUID()])
        await hand.query('select ping_record($1, $2, $3)', [[0], [pings[0]!.id, randomUUID()].sort(), [1, 2]])
        await hand.query('select ping_record_batch($1, $2, $3, null)', [[0], [pings[0]!.id, randomUUID()].sort(), ['now', 'now']])
      }
      await hand.query('select pg_stat_force_next_flush()')
      await hand.end()
      const after = await scans()
      expect(after.scans - before.scans).toBe(0)
      expect(after.looks - before.looks).toBeGreaterThan(100)
    })
  })
})
