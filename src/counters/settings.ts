import type { RedisOptions } from 'ioredis'
import type { AddressUrl } from '../runtime/address-url.ts'
import { parseRedisUrl, REDIS_URL_EXPECTED } from '../runtime/redis-url.ts'
import { settingFiles } from '../runtime/setting-file.ts'
import { host, integer, SettingsError, text, type SettingsOf } from '../runtime/settings.ts'

const DEFAULT_PORT = 6379

/** Where the cache is: `REDIS_URL`, or the two settings of the original service. */
export const redisSettings = {
  redisUrl: text('REDIS_URL', {
    help: 'The cache, as one URL. rediss:// uses TLS; write special characters as %XX. Cannot be combined with REDIS_HOST.',
    expected: REDIS_URL_EXPECTED,
    check: parseRedisUrl,
    fallback: undefined,
    secret: true,
  }),
  redisHost: host('REDIS_HOST', { help: 'Host of the cache.', fallback: undefined }),
  redisPort: integer('REDIS_PORT', {
    help: 'Port of the cache; ignored if REDIS_URL is set.',
    fallback: DEFAULT_PORT,
    min: 1,
    max: 65535,
    unless: 'REDIS_URL',
  }),
  redisPassword: text('REDIS_PASSWORD', {
    help: 'Password for the cache, if it is not in REDIS_URL.',
    fallback: undefined,
    secret: true,
  }),
  redisCaFile: text('REDIS_CA_FILE', { help: 'File with the CA certificate of the cache, for rediss://.', fallback: undefined }),
}

/** The shape of the hash, the same for every program that writes it. */
export const hashSettings = {
  maxMinutes: integer('MAX_MINUTES', {
    help: 'Maximum number of minutes in the cache. Ranges beyond them are counted in Postgres.',
    fallback: 10_080,
    min: 10,
    max: 100_000,
  }),
}

export type RedisSettings = SettingsOf<typeof redisSettings>

/** How to connect. Throws `SettingsError` for settings that contradict each other. */
export function redisOptions(settings: RedisSettings): RedisOptions {
  const { redisUrl, redisHost, redisPort, redisPassword, redisCaFile } = settings
  const password = redisPassword === undefined ? {} : { password: redisPassword }
  if (redisUrl === undefined) {
    if (redisCaFile !== undefined) throw new SettingsError('REDIS_CA_FILE: got it without REDIS_URL, expected rediss:// there')
    return { host: redisHost ?? '127.0.0.1', port: redisPort, ...password }
  }
  if (redisHost !== undefined) throw new SettingsError('REDIS_URL: got it together with REDIS_HOST, expected one of them')
  return { ...password, ...fromUrl(parseRedisUrl(redisUrl), redisCaFile) }
}

function fromUrl({ scheme, host, port = DEFAULT_PORT, user, password, path }: AddressUrl, caFile: string | undefined): RedisOptions {
  const options: RedisOptions = {
    host,
    port,
    db: Number(path || 0),
    ...(user === undefined ? {} : { username: user }),
    ...(password === undefined ? {} : { password }),
  }
  if (scheme === 'rediss') return { ...options, tls: settingFiles({ ca: { setting: 'REDIS_CA_FILE', file: caFile } }) }
  if (caFile !== undefined) throw new SettingsError('REDIS_CA_FILE: got it with redis://, expected rediss://')
  return options
}
