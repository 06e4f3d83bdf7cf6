import { afterAll, beforeAll, expect, test } from 'vitest'
import { startPostgres, type TestPostgres } from '../../support/postgres.ts'
import { Store } from '../store/store-fixture.ts'

const CHANGES = 50
const FEW = 10
const MANY = 10_000

let postgres: TestPostgres
let store: Store
beforeAll(async () => {
  // Its own, because others' changes would count. Without pages as a whole in the WAL, which depend on the last checkpoint.
  postgres = await startPostgres({ settings: { fsync: 'off', full_page_writes: 'off', autovacuum: 'off' } })
  store = await Store.open(postgres, { defaults: { running: 1, waiting: 2 * MANY, leaseMs: 0, ageingMs: 0 } })
})
afterAll(async () => {
  await store.close()
  await postgres.stop()
})

let next = 0
const submits = (count: number) =>
  Array.from({ length: count }, () => {
    const commandId = `c${next++}`
    return { kind: 'submit', resource: 'r', commandId, payload: Buffer.alloc(100) } as const
  })

/** Of one change: the running command is finished, the next one granted, and another one comes. */
async function costOfChange(): Promise<{ rows: number; walBytes: number }> {
  const before = await counters()
  for (let change = 0; change < CHANGES; change++) {
    const [{ command_id: commandId }] = (await store.rows<{ command_id: string }>('select command_id from slots')) as [
      { command_id: string },
    ]
    await store.run({ kind: 'finish', resource: 'r', commandId }, ...submits(1))
  }
  const after = await counters()
  return { rows: (after.rows - before.rows) / CHANGES, walBytes: (after.walBytes - before.walBytes) / CHANGES }
}

async function counters() {
  await store.rows('select pg_stat_force_next_flush()')
  const [counted] = await store.rows<{ rows: number; walBytes: number }>(
    `select sum(n_tup_ins + n_tup_upd + n_tup_del)::float8 as rows, (pg_current_wal_insert_lsn() - '0/0')::float8 as "walBytes"
      from pg_stat_user_tables where schemaname = 'semaphore'`,
  )
  return counted!
}

test('a change costs as much with ten thousand waiting commands as with ten', async () => {
  await store.run(...submits(FEW))
  const few = await costOfChange()
  await store.run(...submits(MANY - FEW))
  const many = await costOfChange()
  expect(few.rows).toBeLessThan(20)
  expect(many.rows).toBe(few.rows)
  expect(many.walBytes).toBeLessThan(1.2 * few.walBytes)
})
