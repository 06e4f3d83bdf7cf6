import { expect, test } from 'vitest'
import { MissingRightError } from '../../src/postgres/missing-right.ts'
import { classifySetUpFailure } from '../../src/postgres/set-up-failures.ts'
import { describeOnEachPostgres, pingsAt, record, setUp, sql, withClient } from './ledger-fixture.ts'

describeOnEachPostgres('a database in whose schema the user may not create tables', database => {
  test.each([
    [
      'belongs to another role, as since Postgres 15',
      'revoke create on schema public from public',
      'grant usage, create on schema public to ping;',
    ],
    ['was closed to everybody', 'revoke all on schema public from public', 'grant usage, create on schema public to ping;'],
    ['was dropped', 'drop schema public', 'create schema public authorization ping;'],
  ])('is refused with the statement that grants access: the schema %s', async (_, statement, remedy) => {
    await sql(database().admin, `alter database ${database().config.database} owner to postgres; ${statement}`)
    const error: unknown = await setUp(database(), 2).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(MissingRightError)
    expect(classifySetUpFailure(error)).toBe('final')
    expect((error as Error).message).toMatch(
      /^the database cannot be set up: got the database \w+ with .*schema public.*, expected one that belongs to ping\./,
    )
    const [, statements] = (error as Error).message.split('as its owner or as a superuser: ')
    expect(statements).toBe(remedy)
    await sql(database().admin, remedy)
    await setUp(database(), 2)
    expect((await withClient(database(), client => record(client, 0, pingsAt(1)))).before.seq).toBe(0n)
  })
})
