import { describe, expect, test } from 'vitest'
import { NewerDatabaseError } from '../../src/ledger/migrate.ts'
import { MissingRightError } from '../../src/ledger/missing-right.ts'
import { SettingsError } from '../../src/runtime/settings.ts'
import { classifySetUpFailure } from '../../src/server/set-up-failures.ts'

const withCode = (code: string) => Object.assign(new Error('x'), { code })
const inMigration = (cause: Error) => new Error('migration 0002_record.sql: x', { cause })

describe('a failed set-up of the database', () => {
  test.each([
    ['a right that is missing', '42501'],
    ['a table that is missing', '42P01'],
    ['a syntax that this Postgres does not know', '42601'],
    ['a feature that this Postgres does not have', '0A000'],
    ['no schema to create tables in', '3F000'],
    ['rows that are not to be numbered', 'P0001'],
    ['rows that break a rule', '23505'],
    ['a number out of range', '22003'],
    ['a row that is too large', '54000'],
  ])('ends it: %s (%s)', (_, code) => {
    expect(classifySetUpFailure(inMigration(withCode(code)))).toBe('final')
  })

  test.each([
    ['Postgres starts', '57P03'],
    ['Postgres is shut down', '57P01'],
    ['a standby answers', '25006'],
    ['too many connections', '53300'],
    ['a disk that is full', '53100'],
    ['somebody holds a lock on the table', '55P03'],
    ['a deadlock', '40P01'],
    ['the connection breaks', '08006'],
    ['the database is created later', '3D000'],
    ['no such host yet', 'ENOTFOUND'],
    ['nobody listens', 'ECONNREFUSED'],
    ['the socket is gone', 'EPIPE'],
    ['an internal error', 'XX000'],
  ])('is tried again: %s (%s)', (_, code) => {
    expect(classifySetUpFailure(withCode(code))).toBe('passes')
    expect(classifySetUpFailure(inMigration(withCode(code)))).toBe('passes')
  })

  test.each([
    ['a wrong password', withCode('28P01')],
    ['a role that is missing', withCode('28000')],
    ['no password at all', new Error('SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string')],
    ['no password where one is wanted', new Error('Postgres asks for the password of user "ping", and none is set')],
    ['no TLS', new Error('The server does not support SSL connections')],
    ['another CA', new Error('unable to verify the first certificate')],
    ['another host', new Error("Hostname/IP does not match certificate's altnames: Host: db.")],
    ['of several connects at once', new AggregateError([withCode('28P01')])],
  ])('is tried again for a while: %s', (_, error) => {
    expect(classifySetUpFailure(error)).toBe('refused')
  })

  test('ends for what the program itself refuses', () => {
    expect(classifySetUpFailure(new NewerDatabaseError('newer'))).toBe('final')
    expect(classifySetUpFailure(new MissingRightError('closed'))).toBe('final')
    expect(classifySetUpFailure(new SettingsError('LANES: got 3'))).toBe('final')
    expect(classifySetUpFailure('no error')).toBe('passes')
  })
})
