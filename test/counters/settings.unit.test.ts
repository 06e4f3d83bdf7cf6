import { describe, expect, test } from 'vitest'
import { redisOptions, redisSettings } from '../../src/counters/settings.ts'
import { readSettings, type Environment } from '../../src/runtime/settings.ts'

function options(env: Environment) {
  return redisOptions(readSettings(redisSettings, env))
}

describe('the address of the cache', () => {
  test.each<[Environment, object]>([
    [{}, { host: '127.0.0.1', port: 6379 }],
    [
      { REDIS_HOST: 'cache', REDIS_PORT: '7000', REDIS_PASSWORD: 'p' },
      { host: 'cache', port: 7000, password: 'p' },
    ],
    [{ REDIS_URL: 'redis://u:p%2Fq@cache:7000/3' }, { host: 'cache', port: 7000, db: 3, username: 'u', password: 'p/q' }],
    [{ REDIS_URL: 'redis://cache' }, { host: 'cache', port: 6379, db: 0 }],
    [{ REDIS_URL: 'rediss://[::1]:7000' }, { host: '::1', port: 7000, tls: {} }],
    [{ REDIS_URL: 'REDISS://:p%25%23@cache' }, { host: 'cache', password: 'p%#', tls: {} }],
    [
      { REDIS_URL: 'redis://cache', REDIS_PASSWORD: '%#/?@' },
      { host: 'cache', password: '%#/?@' },
    ],
    [
      { REDIS_URL: 'redis://cache', REDIS_PORT: 'tcp://10.0.0.1:6379' },
      { host: 'cache', port: 6379 },
    ],
    [
      { REDIS_URL: 'redis://cache:7000', REDIS_PORT: '8000' },
      { host: 'cache', port: 7000 },
    ],
  ])('%j', (env, expected) => expect(options(env)).toMatchObject(expected))

  test.each<[Environment, RegExp]>([
    [{ REDIS_URL: 'redis://cache', REDIS_HOST: 'other' }, /REDIS_URL: got it together with REDIS_HOST, expected one/],
    [{ REDIS_CA_FILE: 'ca.crt' }, /REDIS_CA_FILE: got it without REDIS_URL/],
    [{ REDIS_URL: 'redis://cache', REDIS_CA_FILE: 'ca.crt' }, /REDIS_CA_FILE: got it with redis:\/\/, expected rediss/],
    [
      { REDIS_URL: 'rediss://cache', REDIS_CA_FILE: '/no/such/ca.crt' },
      /REDIS_CA_FILE: got "\/no\/such\/ca.crt", expected a file that can be read/,
    ],
    [
      { REDIS_PORT: 'tcp://10.0.0.1:6379' },
      /REDIS_PORT: got "tcp:\/\/10.0.0.1:6379", expected an integer from 1 to 65535\. This is a Kubernetes service link.*enableServiceLinks: false/,
    ],
    [{ REDIS_HOST: 'tcp://10.0.0.1' }, /REDIS_HOST: .* expected the name or address of one host.*enableServiceLinks/],
    [{ REDIS_HOST: 'cache:6379' }, /REDIS_HOST: got "cache:6379", expected the name or address of one host, without a port$/],
    [{ REDIS_PORT: '70000' }, /REDIS_PORT: got "70000", expected an integer from 1 to 65535/],
  ])('refuses %j', (env, message) => expect(() => options(env)).toThrow(message))

  test.each([
    'redis://:s3cret/word@host:6379',
    'redis://u:1234/s3cret@host',
    'http://u:s3cret@host',
    'redis://:s3cret%@host',
    'redis://:s3cret#x@host',
    'redis://:s3cret?x@host',
    'redis://host?db=s3cret',
    'redis://host/s3cret',
    'redis://:s3cret@a,b',
    'redis://:s3cret@%2Ftmp%2Fsock',
  ])('refuses a malformed URL without showing it', url => {
    const refused = (() => {
      try {
        options({ REDIS_URL: url })
      } catch (error) {
        return String(error)
      }
      return ''
    })()
    expect(refused).toMatch(/REDIS_URL: got .* expected redis:\/\//)
    expect(refused).not.toContain('s3cret')
  })
})
