import type { RedisOptions } from 'ioredis'
import { settingFiles } from '../runtime/setting-file.ts'
import { integer, SettingsError, text, type SettingsOf } from '../runtime/settings.ts'

/** Where the cache is: `REDIS_URL`, or the two settings of the original service. */
export const redisSettings = {
  redisUrl: text('REDIS_URL', {
    help: 'The cache, as one URL; rediss:// is TLS. Not together with REDIS_HOST.',
    expected: 'redis://user:password@host:port/database or rediss://…',
    pattern: /^rediss?:\/\/[^/]/,
    fallback: undefined,
    secret: true,
  }),
  redisHost: text('REDIS_HOST', { help: 'Host of the cache.', fallback: undefined }),
  redisPort: integer('REDIS_PORT', { help: 'Port of the cache.', fallback: 6379, min: 1, max: 65535 }),
  redisPassword: text('REDIS_PASSWORD', {
    help: 'Password for the cache, if it is not in REDIS_URL.',
    fallback: undefined,
    secret: true,
  }),
  redisCaFile: text('REDIS_CA_FILE', { help: 'File with the CA of the cache, for rediss://.', fallback: undefined }),
}

/** The shape of the hash, the same for all who write it. */
export const hashSettings = {
  maxMinutes: integer('MAX_MINUTES', {
    help: 'Most minutes that the cache holds; ranges beyond them are counted in Postgres.',
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
  return { ...password, ...fromUrl(parseUrl(redisUrl), redisCaFile) }
}

/** What is ill-formed is not shown: it may be the password. */
function parseUrl(redisUrl: string): URL {
  const url = URL.parse(redisUrl)
  if (url && /^\/?\d*$/.test(url.pathname)) return url
  throw new SettingsError(
    'REDIS_URL: got an ill-formed URL (not shown), expected redis://user:password@host:port/database, the database a number, special characters of user and password as %XX',
  )
}

function fromUrl(url: URL, caFile: string | undefined): RedisOptions {
  const options: RedisOptions = {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || 6379),
    db: Number(url.pathname.slice(1) || 0),
    ...(url.username ? { username: decodeURIComponent(url.username) } : {}),
    ...(url.password ? { password: decodeURIComponent(url.password) } : {}),
  }
  if (url.protocol === 'rediss:') return { ...options, tls: settingFiles({ ca: { setting: 'REDIS_CA_FILE', file: caFile } }) }
  if (caFile !== undefined) throw new SettingsError('REDIS_CA_FILE: got it with redis://, expected rediss://')
  return options
}
