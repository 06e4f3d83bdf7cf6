import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { postgresConfig, postgresSettings } from '../../src/postgres/settings.ts'
import { readSettings, SettingsError } from '../../src/runtime/settings.ts'

const folder = mkdtempSync(join(tmpdir(), 'ping-test-settings-'))
const caFile = join(folder, 'ca.pem')
writeFileSync(caFile, 'the CA')
afterAll(() => rmSync(folder, { recursive: true }))

function configOf(env: Readonly<Record<string, string>>) {
  const { host, port, user, password, database, ssl } = postgresConfig(readSettings(postgresSettings, env))
  return { host, port, user, password, database, ssl }
}
function refusalOf(env: Readonly<Record<string, string>>): string {
  try {
    configOf(env)
  } catch (error) {
    expect(error).toBeInstanceOf(SettingsError)
    return (error as Error).message
  }
  return 'none'
}
const url = (query: string) => ({ DATABASE_URL: `postgres://ping@db/pings${query}` })

describe('the address of Postgres', () => {
  test('is this machine if nothing is set', () => {
    expect(configOf({})).toEqual({ host: '127.0.0.1', port: 5432, user: 'postgres', password: undefined, database: 'ping', ssl: undefined })
  })

  test('can be set by the settings of the original', () => {
    const env = { DB_HOST: 'db', DB_PORT: '6000', DB_USER: 'u', DB_PASSWORD: 'p', DB_NAME: 'n' }
    expect(configOf(env)).toEqual({ host: 'db', port: 6000, user: 'u', password: 'p', database: 'n', ssl: undefined })
  })

  test('can be set by one URL, with escapes and IPv6', () => {
    const escaped = configOf({ DATABASE_URL: 'postgresql://a%40b:p%2Fw@[::1]:6000/my%20pings' })
    expect(escaped).toEqual({ host: '::1', port: 6000, user: 'a@b', password: 'p/w', database: 'my pings', ssl: false })
    expect(configOf({ DATABASE_URL: 'postgres://db' })).toMatchObject({ host: 'db', port: 5432, user: 'postgres', database: 'postgres' })
    expect(configOf({ DATABASE_URL: 'POSTGRES://%2Frun%2Fpostgresql/n' })).toMatchObject({ host: '/run/postgresql', database: 'n' })
    expect(configOf({ DB_HOST: '/run/postgresql' })).toMatchObject({ host: '/run/postgresql' })
    expect(configOf({ DB_HOST: '[::1]' })).toMatchObject({ host: '::1' })
  })

  test('may have its password in a separate setting, unescaped', () => {
    const password = '12#34?/%@: '
    expect(configOf({ DATABASE_URL: 'postgres://u@db/n', DB_PASSWORD: password })).toMatchObject({ user: 'u', password })
    const both = refusalOf({ DATABASE_URL: 'postgres://u:geheim@db/n', DB_PASSWORD: 'geheim' })
    expect(both).toBe('DB_PASSWORD: got it together with a password in DATABASE_URL, expected one of them')
  })

  test('cannot be set twice', () => {
    for (const [name, value] of [
      ['DB_HOST', 'db'],
      ['DB_PORT', '5432'],
      ['DB_USER', 'u'],
      ['DB_NAME', 'n'],
      ['DB_CA_FILE', caFile],
    ] as const) {
      expect(refusalOf({ ...url(''), [name]: value })).toMatch(/^DATABASE_URL: got it together with DB_ settings/)
    }
  })

  test('has an error for a malformed URL that shows nothing of the URL', () => {
    const wrong = [
      'mysql://u:geheim@db/n',
      'postgres://u:geheim@db:port/n',
      'postgres://u:geheim%zz@db/n',
      'postgres://geheim:12#34@db/n',
      'postgres://geheim:12?34@db/n',
      'u:geheim',
      'postgres://db/n?geheim=x',
      'postgres://db/n?sslmode=geheim',
      'postgres://db/n?sslmode=verify-full&sslrootcert=/geheim',
    ]
    for (const each of wrong) {
      const message = refusalOf({ DATABASE_URL: each })
      expect(message).toMatch(/^DATABASE_URL: got .* expected /)
      expect(message).not.toMatch(/geheim|12|34@/)
    }
    expect(refusalOf({ DATABASE_URL: 'postgres://u:12#34@db/n' })).toContain('or set the password unescaped in DB_PASSWORD')
    expect(refusalOf({ DATABASE_URL: 'postgres://a:5432,b:5432/ping' })).toContain(
      "Ping accepts one; put a Service there, such as CloudNativePG's NAME-rw",
    )
    expect(refusalOf({ DATABASE_URL: 'postgres://db', DB_PORT: 'x', DB_HOST: 'a,b' }).split('\n')).toHaveLength(2)
  })

  test.each(['a,b', 'db:5432', 'tcp://10.0.0.1:5432', 'd b', 'db/n'])('refuses the host %j', got => {
    expect(refusalOf({ DB_HOST: got })).toContain(
      `DB_HOST: got ${JSON.stringify(got)}, expected the name or address of one host, without a port, or the folder of a socket`,
    )
  })

  test('has errors that do not show a password in the wrong setting', () => {
    for (const env of [{ DB_HOST: 'postgres://u:geheim@db/n' }, { DB_PORT: 'postgres://u:geheim@db/n' }])
      expect(refusalOf(env)).not.toContain('geheim')
  })

  test('has an error for a port out of range', () => {
    expect(refusalOf({ DB_PORT: '0' })).toBe('DB_PORT: got "0", expected an integer from 1 to 65535')
  })
})

describe('TLS to Postgres', () => {
  test('follows sslmode as libpq does', () => {
    expect(configOf(url('')).ssl).toBe(false)
    expect(configOf(url('?sslmode=disable')).ssl).toBe(false)
    expect(configOf(url('?sslmode=require')).ssl).toEqual({ rejectUnauthorized: false })
    expect(configOf(url(`?sslmode=require&sslrootcert=${caFile}`)).ssl).toMatchObject({ ca: 'the CA' })
    expect(configOf(url(`?sslmode=verify-ca&sslrootcert=${caFile}`)).ssl).toMatchObject({
      ca: 'the CA',
      checkServerIdentity: expect.any(Function),
    })
    expect(configOf(url(`?sslmode=verify-full&sslrootcert=${caFile}`)).ssl).toEqual({ ca: 'the CA' })
    expect(configOf(url('?sslmode=verify-full')).ssl).toEqual({})
  })

  test('checks the host name if DB_CA_FILE is set', () => {
    expect(configOf({ DB_HOST: 'db', DB_CA_FILE: caFile }).ssl).toEqual({ ca: 'the CA' })
  })

  test('is never omitted silently', () => {
    expect(refusalOf({ DB_HOST: 'db', DB_CA_FILE: '/nowhere' })).toBe('DB_CA_FILE: got "/nowhere", expected a file that can be read')
    expect(refusalOf(url(`?sslrootcert=${caFile}`))).toMatch(/^DATABASE_URL: got sslrootcert without/)
    expect(refusalOf(url('?sslmode=prefer'))).toBe(
      'DATABASE_URL: got an unknown sslmode (not shown: secret), expected disable, require, verify-ca or verify-full',
    )
    expect(refusalOf(url('?sslmode=verify-full&sslrootcert=/nowhere'))).toBe(
      'DATABASE_URL: got sslrootcert with a file that is not shown (it is part of a secret), expected a file that can be read',
    )
  })
})
