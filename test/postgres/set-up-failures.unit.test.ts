import { describe, expect, test } from 'vitest'
import { NewerDatabaseError } from '../../src/postgres/migrator.ts'
import { MissingRightError } from '../../src/postgres/missing-right.ts'
import { classifySetUpFailure } from '../../src/postgres/set-up-failures.ts'
import { SettingsError } from '../../src/runtime/settings.ts'

const withCode = (code: string) => Object.assign(new Error('x'), { code })
const inMigration = (cause: Error) => new Error('migration 0002_record.sql: x', { cause })

describe('a failed set-up of the database', () => {
  test.each([
    ['a missing right', '42501'],
    ['a missing table', '42P01'],
    ['a syntax error', '42601'],
    ['a feature that this Postgres does not support', '0A000'],
    ['no schema for the tables', '3F000'],
    ['an error that the migration raised', 'P0001'],
    ['rows that violate a constraint', '23505'],
    ['a number out of range', '22003'],
    ['a row that is too large', '54000'],
  ])('is final: %s (%s)', (_, code) => {
    expect(classifySetUpFailure(inMigration(withCode(code)))).toBe('final')
  })

  test.each([
    ['Postgres is starting', '57P03'],
    ['Postgres is shutting down', '57P01'],
    ['a standby answers', '25006'],
    ['too many connections', '53300'],
    ['a full disk', '53100'],
    ['a lock on the table', '55P03'],
    ['a deadlock', '40P01'],
    ['a broken connection', '08006'],
    ['the database is created later', '3D000'],
    ['an unknown host', 'ENOTFOUND'],
    ['a refused connection', 'ECONNREFUSED'],
    ['a closed socket', 'EPIPE'],
    ['an internal error', 'XX000'],
  ])('is retried: %s (%s)', (_, code) => {
    expect(classifySetUpFailure(withCode(code))).toBe('passes')
    expect(classifySetUpFailure(inMigration(withCode(code)))).toBe('passes')
  })

  test.each([
    ['a wrong password', withCode('28P01')],
    ['a missing role', withCode('28000')],
    ['no password at all', new Error('SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string')],
    ['no password although Postgres asks for one', new Error('Postgres asks for the password of user "ping", and none is set')],
    ['no TLS', new Error('The server does not support SSL connections')],
    ['an unknown CA', new Error('unable to verify the first certificate')],
    ['a certificate for another host', new Error("Hostname/IP does not match certificate's altnames: Host: db.")],
    ['one of several connection attempts', new AggregateError([withCode('28P01')])],
  ])('is retried for a limited time: %s', (_, error) => {
    expect(classifySetUpFailure(error)).toBe('refused')
  })

  test('is final for errors of Ping itself', () => {
    expect(classifySetUpFailure(new NewerDatabaseError('newer'))).toBe('final')
    expect(classifySetUpFailure(new MissingRightError('closed'))).toBe('final')
    expect(classifySetUpFailure(new SettingsError('LANES: got 3'))).toBe('final')
    expect(classifySetUpFailure('no error')).toBe('passes')
  })
})
