import { parseAddressUrl, type AddressUrl } from './address-url.ts'
import { SettingsError } from './settings.ts'

export const REDIS_URL_EXPECTED = 'redis://user:password@host:port/database or rediss://…, the database a number'

/** Where the cache is, by REDIS_URL; the path is the number of its database. Throws `SettingsError`, which shows no part of it. */
export function parseRedisUrl(text: string): AddressUrl {
  const url = parseAddressUrl(text, {
    setting: 'REDIS_URL',
    schemes: ['redis', 'rediss'],
    expected: REDIS_URL_EXPECTED,
    passwordSetting: 'REDIS_PASSWORD',
    oneHost: 'put a Service there that leads to the master',
  })
  if (url.host.startsWith('/'))
    throw new SettingsError(`REDIS_URL: got a URL of a socket (it is not shown: secret), expected ${REDIS_URL_EXPECTED}`)
  if (/^\d*$/.test(url.path)) return url
  throw new SettingsError(`REDIS_URL: got a URL whose database is not a number (it is not shown: secret), expected ${REDIS_URL_EXPECTED}`)
}
