import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { migrate } from '../../../semaphore/store/migrate.ts'
import { migrate as migrateLedger } from '../../../src/ledger/migrate.ts'
import { MissingRightError } from '../../../src/postgres/missing-right.ts'
import { silent, sql } from '../../ledger/ledger-fixture.ts'
import { testDatabase, type TestAddress, type TestDatabase } from '../../support/postgres.ts'
import { finish, submit } from '../test-steps.ts'
import { Store } from './store-fixture.ts'

const NAME = `semaphore_${randomUUID().replaceAll('-', '')}`

describe('a role that owns only the schema of the semaphore', () => {
  let database: TestDatabase
  let own: TestAddress
  beforeAll(async () => {
    database = await testDatabase()
    await migrateLedger(database.config, { lanes: 2, log: silent })
    await sql(database.admin, `create role ${NAME} login`)
    own = { url: '', config: { ...database.config, user: NAME } }
  })
  afterAll(async () => {
    await sql(database.admin, `drop owned by ${NAME} cascade`, `drop role ${NAME}`)
    await database.drop()
  })

  test('is refused without the schema, with the statement that creates it', async () => {
    const migrated = migrate(own.config, { log: silent })
    await expect(migrated).rejects.toThrow(MissingRightError)
    await expect(migrate(own.config, { log: silent })).rejects.toThrow(
      `got the database ${database.config.database} with no schema semaphore, expected one that belongs to ${NAME}. Run in this database as its owner or as a superuser: create schema semaphore authorization ${NAME};`,
    )
  })

  test('sets the semaphore up and applies steps, next to tables of Ping that it may not read', async () => {
    await sql(database.admin, `create schema semaphore authorization ${NAME}`)
    const store = await Store.open(own)
    expect(await store.run(submit('a'))).toEqual([{ outcome: 'accepted', place: 1n, token: 1n }])
    expect(await store.run(finish('a'))).toEqual([{ outcome: 'finished', state: 'finished', token: 1n }])
    await expect(store.rows('select * from public.pings')).rejects.toThrow('permission denied')
    await migrate(own.config, { log: silent }) // again: nothing to do
    await store.close()
  })

  test('another role is refused, with what it may not do', async () => {
    await expect(migrate(database.config, { log: silent })).rejects.toThrow(/schema semaphore, in which ping may not create tables/)
  })
})
