import { readFileSync } from 'node:fs'
import type { ClientConfig } from 'pg'
import { integer, SettingsError, text, type SettingsOf } from '../runtime/settings.ts'

/** Where Postgres is: `DATABASE_URL`, or the five settings of the original service. */
export const postgresSettings = {
  databaseUrl: text('DATABASE_URL', {
    help: 'Postgres, as one URL; sslmode (disable, require, verify-ca, verify-full) and sslrootcert (a file) are understood. Not together with the DB_ settings.',
    expected: 'postgres://user:password@host:port/database?sslmode=…&sslrootcert=…',
    pattern: /^postgres(ql)?:\/\/./,
    fallback: undefined,
    secret: true,
  }),
  dbHost: text('DB_HOST', { help: 'Host of Postgres.', fallback: undefined }),
  dbPort: integer('DB_PORT', { help: 'Port of Postgres.', fallback: 5432, min: 1, max: 65535 }),
  dbUser: text('DB_USER', { help: 'User for Postgres.', fallback: undefined }),
  dbPassword: text('DB_PASSWORD', { help: 'Password for Postgres.', fallback: undefined, secret: true }),
  dbName: text('DB_NAME', { help: 'Name of the database.', fallback: undefined }),
}

export type PostgresSettings = SettingsOf<typeof postgresSettings>

/** A frozen peer is noticed after about this long, by the operating system's keep-alive. */
const KEEP_ALIVE_INITIAL_DELAY_MS = 5_000
const CONNECT_TIMEOUT_MS = 5_000

/** How to connect. Throws `SettingsError` for settings that contradict each other or a CA file that can't be read. */
export function postgresConfig(settings: PostgresSettings): ClientConfig {
  const { databaseUrl, dbHost, dbPort, dbUser, dbPassword, dbName } = settings
  const common = {
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_INITIAL_DELAY_MS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  }
  if (databaseUrl === undefined) {
    const password = dbPassword === undefined ? {} : { password: dbPassword }
    const [host, user, database] = [dbHost ?? '127.0.0.1', dbUser ?? 'postgres', dbName ?? 'ping']
    return { ...common, host, port: dbPort, user, database, ...password }
  }
  if ([dbHost, dbUser, dbPassword, dbName].some(value => value !== undefined)) {
    throw new SettingsError('DATABASE_URL: got it together with DB_ settings, expected either the one or the others')
  }
  return { ...common, ...fromUrl(databaseUrl) }
}

/** What libpq's sslmode means, spelt out: `require` encrypts without a check of the certificate. */
function fromUrl(databaseUrl: string): ClientConfig {
  const url = new URL(databaseUrl)
  const sslMode = url.searchParams.get('sslmode') ?? 'disable'
  const caFile = url.searchParams.get('sslrootcert')
  const unknown = [...url.searchParams.keys()].find(name => name !== 'sslmode' && name !== 'sslrootcert')
  if (unknown !== undefined) {
    throw new SettingsError(`DATABASE_URL: got the parameter ${JSON.stringify(unknown)}, expected only sslmode and sslrootcert`)
  }
  const [user, password] = [decodeURIComponent(url.username) || 'postgres', decodeURIComponent(url.password)]
  const plain: ClientConfig = {
    host: url.hostname.replace(/^\[|\]$/g, '') || '127.0.0.1',
    port: Number(url.port || 5432),
    user,
    database: decodeURIComponent(url.pathname.slice(1)) || user,
    ...(password ? { password } : {}),
  }
  switch (sslMode) {
    case 'disable':
      return plain
    case 'require':
      return { ...plain, ssl: caFile ? { ca: readCa(caFile), checkServerIdentity: () => undefined } : { rejectUnauthorized: false } }
    case 'verify-ca':
      return { ...plain, ssl: { ...ca(caFile), checkServerIdentity: () => undefined } }
    case 'verify-full':
      return { ...plain, ssl: ca(caFile) }
    default:
      throw new SettingsError(`DATABASE_URL: got sslmode ${JSON.stringify(sslMode)}, expected disable, require, verify-ca or verify-full`)
  }
}

function ca(file: string | null): { ca?: string } {
  return file === null ? {} : { ca: readCa(file) }
}

function readCa(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new SettingsError(`DATABASE_URL: got sslrootcert ${JSON.stringify(file)}, expected a file that can be read`, { cause: error })
  }
}
