import { expect, test } from 'vitest'
import { nextDueInMs } from '../../../semaphore/store/next-due.ts'
import { movePublished, rowsAfter } from '../../../semaphore/store/outbox.ts'
import { StoredReads } from '../../../semaphore/store/semaphore-reads.ts'
import type { Step } from '../../../semaphore/terms/step.ts'
import type { Queryable } from '../../../src/postgres/connect.ts'
import { atDepth } from '../../support/depth.ts'
import { cancel, extend, finish, limits, submit } from '../test-steps.ts'
import { DEFAULTS, describeStore, Store } from './store-fixture.ts'

const MANY = atDepth({ normally: 30_000, thoroughly: 100_000 })
/** Trees are deeper, and there are more pages to find free space in. One scan would read a thousand times as many. */
const MORE_BUFFERS = 60
/** Deeper trees. To read the dead rows of the queue or of the slots takes more than 70. */
const MORE_BUFFERS_OF_DEAD_ROWS = 40

interface Plan {
  readonly Plan: { readonly 'Shared Hit Blocks': number; readonly 'Shared Read Blocks': number }
}

/** Runs queries as they are, and counts the pages that they touch, in functions too. */
class Counted {
  readonly #store: Store
  buffers = 0

  constructor(store: Store) {
    this.#store = store
  }

  readonly query = (async (query: { readonly text: string; readonly values?: readonly unknown[] } | string) => {
    const { text, values = [] } = typeof query === 'string' ? { text: query } : query
    await this.#store.client.query('begin')
    const explained = await this.#store.client.query<{ 'QUERY PLAN': readonly Plan[] }>(`explain (analyze, buffers, format json) ${text}`, [
      ...values,
    ])
    await this.#store.client.query('rollback')
    const { Plan: plan } = explained.rows[0]!['QUERY PLAN'][0]!
    this.buffers += plan['Shared Hit Blocks'] + plan['Shared Read Blocks']
    return this.#store.client.query(typeof query === 'string' ? query : { text, values: [...values] })
  }) as Queryable['query']
}

describeStore('the cost of the semaphore', (store, database) => {
  /** The pages that an operation touches. It runs on plans from when the tables were nearly empty. */
  const buffersOf = async (operation: (db: Queryable) => Promise<unknown>): Promise<number> => {
    const counted = new Counted(store())
    await operation(counted)
    return counted.buffers
  }
  const take = (...steps: readonly Step[]) => buffersOf(db => store().take(steps, {}, db))

  const load = async (count: number) => {
    await store().rows(`insert into commands (command_id, resource, place, rank, priority, payload_bytes, digest, submitted_at)
      select 'bulk ' || n, 'r', r.places + n, r.clock_us + n, 0, 100, gen_random_uuid(), now() from resources r, generate_series(1, ${count}) as n where r.resource = 'r'`)
    await store().rows(`insert into waiting (resource, rank, place, command_id, payload)
      select c.resource, c.rank, c.place, c.command_id, repeat('x', 100)::bytea from commands c where c.command_id like 'bulk%'`)
    await store().rows(`update resources set places = places + ${count}, clock_us = clock_us + ${count} where resource = 'r'`)
    await store().rows(`insert into outbox (lane, seq, tag, kind, resource, command_id, token, at)
      select l.lane, l.published_seq + coalesce(o.rows, 0) + n, 1, 4, 'x', 'x', 1, now()
      from lanes l left join (select lane, count(*) as rows from outbox group by lane) o using (lane), generate_series(1, ${Math.round(count / 16)}) as n`)
  }

  test('of a step, a read and the outbox does not depend on how many commands wait', async () => {
    const names: string[] = []
    const measure = async (round: string): Promise<readonly number[]> => {
      const figures: number[] = []
      const note = async (name: string, buffers: Promise<number>) => {
        if (round === 'few') names.push(name)
        figures.push(await buffers)
      }
      const reads = (db: Queryable) => new StoredReads(db, DEFAULTS)
      const id = (name: string) => `${round} ${name}`
      await note('submit', take(submit(id('a')), submit(id('b'), { resource: 'other' })))
      await note('submit again', take(submit(id('a')), submit(id('b'), { resource: 'other' })))
      const { holders } = (await reads(store().client).resource('r'))!
      await note('finish and grant', take(finish(holders[0]!.commandId)))
      await note('extend', take(extend(holders[1]!.commandId)))
      await note('cancel the last one', take(cancel(id('a'))))
      await note('change limits', take(limits({ waiting: 10_000_000 })))
      await note(
        'a tick',
        buffersOf(db => store().take([], { lanes: Array.from({ length: 16 }, (_, lane) => lane) }, db)),
      )
      await note(
        'read a resource',
        buffersOf(db => reads(db).resource('r')),
      )
      await note(
        'read the queue',
        buffersOf(db => reads(db).queue('r', { limit: 5 })),
      )
      await note(
        'read a command',
        buffersOf(db => reads(db).command(id('a'))),
      )
      await note(
        'read the totals',
        buffersOf(db => reads(db).totals()),
      )
      await note(
        'find what is due',
        buffersOf(db => nextDueInMs(db, 0)),
      )
      const start = { seq: 0n, tag: 0n }
      await note(
        'read the outbox',
        buffersOf(db => rowsAfter(db, new Map([[3, start]]), { maxRows: 5, maxBytes: 1e6 })),
      )
      const [row] = (await rowsAfter(store().client, new Map([[3, start]]), { maxRows: 1, maxBytes: 1e6 })).get(3)!
      await note(
        'move a position',
        buffersOf(db => movePublished(db, [{ lane: 3, from: start, to: row! }])),
      )
      await store().rows('update lanes set published_seq = 0, published_tag = 0')
      return figures
    }
    for (const table of ['resources', 'commands', 'waiting', 'slots', 'outbox', 'lanes', 'totals']) {
      await store().rows(`alter table ${table} set (autovacuum_enabled = off)`)
    }
    await store().run(
      limits({ running: 3, waiting: 10_000_000, leaseMs: 3_600_000 }),
      ...Array.from({ length: 8 }, (_, n) => submit(`first ${n}`)),
    )
    await load(32)
    for (const table of ['resources', 'commands', 'waiting', 'slots', 'outbox', 'lanes', 'totals'])
      await store().rows(`vacuum analyze ${table}`)
    await measure('warm-up')
    const few = await measure('few')
    await store()
      .rows("delete from commands where command_id like 'bulk%'")
      .then(() => store().rows("delete from waiting where command_id like 'bulk%'"))
    await store().rows(
      `update resources set drops = places - grants - (select count(*) from waiting w where w.resource = 'r') where resource = 'r'`,
    )
    await load(MANY)
    await measure('hints')
    const many = await measure('many')
    const grown = names.map((name, at) => ({ name, few: few[at]!, many: many[at]! }))
    expect(grown.filter(({ few: before, many: now }) => now > before + MORE_BUFFERS)).toEqual([])
  })

  test('of a step does not grow with commands that are over, even while an old snapshot keeps Postgres from removing their rows', async () => {
    const { client } = await Store.open(database())
    await store().run(limits({ running: 1, waiting: 10_000 }), ...Array.from({ length: 4 }, (_, n) => submit(`dead ${n}`)))
    await client.query('begin isolation level repeatable read')
    await client.query('select count(*) from waiting')
    await take(finish('dead 0'), submit('dead 4'))
    await take(finish('dead 1'), submit('dead 5'))
    const before = await take(finish('dead 2'), submit('dead 6'))
    const ids = Array.from({ length: 4_000 }, (_, n) => `d ${n}`)
    await store().run(...ids.map(id => submit(id)))
    await store().run(limits({ running: 5_000 }))
    await store().run(limits({ running: 1 }), ...['dead 3', 'dead 4', 'dead 5'].map(id => finish(id)), ...ids.map(id => finish(id)))
    await store().run(submit('last 1'), submit('last 2'))
    expect(await store().run(finish('dead 6'))).toMatchObject([{ outcome: 'finished' }])
    const after = await take(finish('last 1'), submit('last 3'))
    expect((await new StoredReads(store().client, DEFAULTS).command('last 2'))!.state).toBe('running')
    expect(after).toBeLessThan(before + MORE_BUFFERS_OF_DEAD_ROWS)
    await client.query('rollback')
    await client.end()
  })
})
