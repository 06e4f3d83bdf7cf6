import { describe, expect, test } from 'vitest'
import { parseAddressUrl, type AddressUrl } from '../../src/runtime/address-url.ts'
import { SettingsError } from '../../src/runtime/settings.ts'

const parse = (text: string): AddressUrl =>
  parseAddressUrl(text, {
    setting: 'X_URL',
    schemes: ['postgres', 'postgresql'],
    expected: 'postgres://…',
    passwordSetting: 'X_PASSWORD',
    oneHost: 'put a Service there',
    parameters: ['sslmode', 'sslrootcert'],
  })

const PLAIN = { scheme: 'postgres', user: undefined, password: undefined, host: 'db', port: undefined, path: '', parameters: new Map() }

describe('a URL of a server', () => {
  test.each<[string, Partial<AddressUrl>]>([
    ['postgres://db', {}],
    ['postgres://db/', {}],
    ['POSTGRES://db', {}],
    ['postgresql://db', { scheme: 'postgresql' }],
    ['postgres://db/pings\n', { path: 'pings' }],
    ['postgres://db:6000/my%20pings', { port: 6000, path: 'my pings' }],
    ['postgres://db:/pings', { path: 'pings' }],
    ['postgres://u@db', { user: 'u' }],
    ['postgres://u:@db', { user: 'u' }],
    ['postgres://:p@db', { password: 'p' }],
    ['postgres://u:a:b@db', { user: 'u', password: 'a:b' }],
    ['postgres://a%40b:12%2334%3F%2F%25%5B%20%0A@db', { user: 'a@b', password: '12#34?/%[ \n' }],
    ['postgres://u:a[b]c\\d^e|f`{}"<>!$&\'()*+,;=~-._@db', { user: 'u', password: 'a[b]c\\d^e|f`{}"<>!$&\'()*+,;=~-._' }],
    ['postgres://u:Größe@db', { user: 'u', password: 'Größe' }],
    ['postgres://[::1]:6000', { host: '::1', port: 6000 }],
    ['postgres://[fe80::1%25eth0]', { host: 'fe80::1%eth0' }],
    ['postgres://my_db.ns.svc.', { host: 'my_db.ns.svc.' }],
    ['postgres://%2Fvar%2Frun%2Fpostgresql/pings', { host: '/var/run/postgresql', path: 'pings' }],
    [
      'postgres://db?sslmode=require&sslrootcert=/a+b/c%26d',
      {
        parameters: new Map([
          ['sslmode', 'require'],
          ['sslrootcert', '/a+b/c&d'],
        ]),
      },
    ],
  ])('parses %j', (text, expected) => expect(parse(text)).toEqual({ ...PLAIN, ...expected }))

  const ESCAPE = 'write special characters of user and password as %XX'
  test.each<[string, string]>([
    ['postgres://geheim:12#34@db/n', ESCAPE],
    ['postgres://geheim:12?34@db/n', ESCAPE],
    ['postgres://geheim:12/34@db/n', ESCAPE],
    ['postgres://geheim:12@34@db/n', ESCAPE],
    ['postgres://geheim:12%34%@db/n', ESCAPE],
    ['postgres://geheim:12%zz@db/n', ESCAPE],
    ['postgres://geheim:%ff@db/n', ESCAPE],
    ['postgres://geheim:12%00@db/n', ESCAPE],
    ['postgres://geheim:12 34@db/n', ESCAPE],
    ['postgres://geheim:12\n34@db/n', ESCAPE],
    ['postgres://geheim:12\t34@db/n', ESCAPE],
    ['postgres://geheim:12\u007f34@db/n', ESCAPE],
    ['postgres://geheim@db/n#', ESCAPE],
    ['postgres://geheim@db/n/m', ESCAPE],
    ['postgres://geheim:12?34', ESCAPE],
    ['postgres://db?geheim', 'a parameter other than sslmode and sslrootcert'],
    ['postgres://db?geheim=1', 'a parameter other than'],
    ['postgres://db?sslmode=geheim&sslmode=geheim', 'sslmode twice'],
    ['postgres://db?sslmode=%', ESCAPE],
    ['postgres://geheim:5432,12:5432/n', 'several hosts: Ping accepts one; put a Service there'],
    ['postgres://u:geheim@db,12/n', 'several hosts'],
    ['postgres://u:geheim@/n', 'without a host'],
    ['postgres:///geheim', 'without a host'],
    ['postgres://', 'without a host'],
    ['postgres://u:geheim@:5432/n', 'without a host'],
    ['postgres://u:geheim@db:port/n', 'whose port is not an integer from 1 to 65535'],
    ['postgres://u:geheim@db:0', 'whose port is'],
    ['postgres://u:geheim@db:65536', 'whose port is'],
    ['postgres://u:geheim@db:1:2', 'write an IPv6 address in [ ]'],
    ['postgres://u:geheim@::1/n', 'write an IPv6 address in [ ]'],
    ['postgres://u:geheim@[::1/n', 'write an IPv6 address in [ ]'],
    ['postgres://u:geheim@[12]/n', 'do not hold an IPv6 address'],
    ['postgres://u:geheim@d!b/n', 'neither a name nor an address'],
    ['mysql://u:geheim@db/n', 'with a scheme other than postgres or postgresql'],
    ['geheim:12@db', 'without a scheme'],
    ['geheim', 'without a scheme'],
    ['postgres:/geheim', 'without a scheme'],
  ])('refuses %j with the reason, and shows no part of it', (text, reason) => {
    const refused = (() => {
      try {
        return parse(text)
      } catch (error) {
        return error
      }
    })()
    expect(refused).toBeInstanceOf(SettingsError)
    const { message, cause } = refused as SettingsError
    expect(message).toMatch(/^X_URL: got a URL .* \(it is not shown: secret\), expected postgres:\/\/…$/)
    expect(message).toContain(reason)
    if (reason === ESCAPE) expect(message).toContain('or set the password unescaped in X_PASSWORD')
    expect(message).not.toMatch(/geheim|12|34@/)
    expect(cause).toBeUndefined()
  })
})
