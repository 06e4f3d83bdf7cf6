import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { postgresConfig, postgresSettings } from '../../src/ledger/settings.ts'
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

describe('where Postgres is', () => {
  it('is this machine when nothing is set', () => {
    expect(configOf({})).toEqual({ host: '127.0.0.1', port: 5432, user: 'postgres', password: undefined, database: 'ping', ssl: undefined })
  })

  it('is told by the settings of the original', () => {
    const env = { DB_HOST: 'db', DB_PORT: '6000', DB_USER: 'u', DB_PASSWORD: 'p', DB_NAME: 'n' }
    expect(configOf(env)).toEqual({ host: 'db', port: 6000, user: 'u', password: 'p', database: 'n', ssl: undefined })
  })

  it('is told by one URL, escapes and IPv6 included', () => {
    const escaped = configOf({ DATABASE_URL: 'postgresql://a%40b:p%2Fw@[::1]:6000/my%20pings' })
    expect(escaped).toEqual({ host: '::1', port: 6000, user: 'a@b', password: 'p/w', database: 'my pings', ssl: undefined })
    expect(configOf({ DATABASE_URL: 'postgres://db' })).toMatchObject({ host: 'db', port: 5432, user: 'postgres', database: 'postgres' })
  })

  it('is not told twice', () => {
    for (const [name, value] of [['DB_HOST', 'db'], ['DB_PORT', '5432'], ['DB_USER', 'u'], ['DB_PASSWORD', 'p'], ['DB_NAME', 'n'], ['DB_CA_FILE', caFile]] as const) {
      expect(refusalOf({ ...url(''), [name]: value })).toMatch(/^DATABASE_URL: got it together with DB_ settings/)
    }
  })

  it('says what is wrong with a URL, never the URL itself', () => {
    for (const wrong of ['mysql://u:geheim@db/n', 'postgres://u:geheim@db:port/n', 'postgres://u:geheim@d b/n', 'postgres://u:geheim%zz@db/n', 'u:geheim']) {
      expect(refusalOf({ DATABASE_URL: wrong })).toMatch(/^DATABASE_URL: got a value that is not shown \(secret\), expected postgres:\/\//)
    }
    expect(refusalOf(url('?sslmod=require'))).toBe('DATABASE_URL: got the parameter "sslmod", expected only sslmode and sslrootcert')
    expect(refusalOf({ DB_PORT: '0' })).toBe('DB_PORT: got "0", expected a whole number from 1 to 65535')
  })
})

describe('TLS to Postgres', () => {
  it('follows sslmode as libpq means it', () => {
    expect(configOf(url('?sslmode=disable')).ssl).toBeUndefined()
    expect(configOf(url('?sslmode=require')).ssl).toEqual({ rejectUnauthorized: false })
    expect(configOf(url(`?sslmode=require&sslrootcert=${caFile}`)).ssl).toMatchObject({ ca: 'the CA' })
    expect(configOf(url(`?sslmode=verify-ca&sslrootcert=${caFile}`)).ssl).toMatchObject({ ca: 'the CA', checkServerIdentity: expect.any(Function) })
    expect(configOf(url(`?sslmode=verify-full&sslrootcert=${caFile}`)).ssl).toEqual({ ca: 'the CA' })
    expect(configOf(url('?sslmode=verify-full')).ssl).toEqual({})
  })

  it('checks the name of the host when a CA comes with the settings of the original', () => {
    expect(configOf({ DB_HOST: 'db', DB_CA_FILE: caFile }).ssl).toEqual({ ca: 'the CA' })
  })

  it('is never left out silently', () => {
    expect(refusalOf({ DB_HOST: 'db', DB_CA_FILE: '/nowhere' })).toBe('DB_CA_FILE: got "/nowhere", expected a file that can be read')
    expect(refusalOf(url(`?sslrootcert=${caFile}`))).toMatch(/^DATABASE_URL: got sslrootcert without/)
    expect(refusalOf(url('?sslmode=prefer'))).toBe('DATABASE_URL: got sslmode "prefer", expected disable, require, verify-ca or verify-full')
    expect(refusalOf(url('?sslmode=verify-full&sslrootcert=/nowhere'))).toBe('DATABASE_URL: got sslrootcert "/nowhere", expected a file that can be read')
  })
})
