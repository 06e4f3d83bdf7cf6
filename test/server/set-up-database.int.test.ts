import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { setUpDatabase } from '../../src/server/set-up-database.ts'
import { silent, sql } from '../ledger/ledger-fixture.ts'
import { testDatabase, type TestDatabase } from '../support/postgres.ts'

let database: TestDatabase
let failures = 0
const log = Object.assign(Object.create(silent) as typeof silent, { warn: () => void failures++ })
const failsOnce = () => expect.poll(() => failures).toBeGreaterThan(0)
const attempt = (config: TestDatabase['config'], refusedForMs?: number) =>
  setUpDatabase(config, { lanes: 2, log, signal: AbortSignal.timeout(50_000), ...(refusedForMs !== undefined && { refusedForMs }) })

describe('setting up the database', () => {
  beforeAll(async () => void (await testDatabase()).drop())
  beforeEach(async () => {
    database = await testDatabase()
    failures = 0
    return () => database.drop()
  })

  test('fails at once if the user may not create tables', async () => {
    await sql(database.admin, `alter database "${database.config.database}" owner to postgres`)
    await expect(attempt(database.config)).rejects.toThrow(
      'schema public, in which ping may not create tables, expected one that belongs to ping. Run in this database as its owner or as a superuser: grant usage, create on schema public to ping;',
    )
  })

  test('fails at once if another user owns the tables', async () => {
    await sql(database.admin, 'create table pings (id uuid primary key, pinged_at timestamptz not null)')
    await expect(attempt(database.config)).rejects.toThrow('Run in this database as a superuser: alter table public.pings owner to ping;')
    await sql(database.admin, 'alter table public.pings owner to ping;')
    await attempt(database.config)
  })

  test('waits for a database that is created later', async () => {
    const name = `later_${database.config.database}`
    const waiting = attempt({ ...database.config, database: name })
    await failsOnce()
    await sql(database.admin, `create database "${name}" owner ping`)
    await waiting
    await sql(database.admin, `drop database "${name}" with (force)`)
  })

  test('retries for a while if the role is missing, then fails', async () => {
    const config = { ...database.config, user: `later_${database.config.database}`.slice(0, 60) }
    await expect(attempt(config, 300)).rejects.toMatchObject({ code: '28000' })
    failures = 0
    const waiting = attempt(config)
    await failsOnce()
    await sql(database.admin, `create role "${config.user}" login in role ping`)
    await waiting
    await sql(database.admin, `drop owned by "${config.user}"; drop role "${config.user}"`)
  })
})
