import type { ClientConfig } from 'pg'
import { settingFiles } from '../runtime/setting-file.ts'
import { integer, SettingsError, text, type SettingsOf } from '../runtime/settings.ts'

const DEFAULT_PORT = 5432
const URL_EXPECTED = 'postgres://user:password@host:port/database?sslmode=…&sslrootcert=…'

/** Where Postgres is: `DATABASE_URL`, or the five settings of the original service and a CA. */
export const postgresSettings = {
  databaseUrl: text('DATABASE_URL', {
    help: 'Postgres, as one URL; sslmode (disable, require, verify-ca, verify-full) and sslrootcert (a file) are understood. Not together with the DB_ settings.',
    expected: URL_EXPECTED,
    pattern: /^postgres(ql)?:\/\/./,
    fallback: undefined,
    secret: true,
  }),
  dbHost: text('DB_HOST', { help: 'Host of Postgres.', fallback: undefined }),
  dbPort: integer('DB_PORT', { help: `Port of Postgres; absent: ${DEFAULT_PORT}.`, fallback: undefined, min: 1, max: 65535 }),
  dbUser: text('DB_USER', { help: 'User for Postgres.', fallback: undefined }),
  dbPassword: text('DB_PASSWORD', { help: 'Password for Postgres.', fallback: undefined, secret: true }),
  dbName: text('DB_NAME', { help: 'Name of the database.', fallback: undefined }),
  dbCaFile: text('DB_CA_FILE', {
    help: 'File with the CA of Postgres. With it the connection is TLS, and the certificate is checked with the name of the host, as by sslmode=verify-full.',
    fallback: undefined,
  }),
}

export type PostgresSettings = SettingsOf<typeof postgresSettings>

/** A frozen peer is noticed after about this long, by the operating system's keep-alive. */
const KEEP_ALIVE_INITIAL_DELAY_MS = 5_000
const CONNECT_TIMEOUT_MS = 5_000

/** How to connect. Throws `SettingsError` for settings that contradict each other or a CA file that can't be read. */
export function postgresConfig(settings: PostgresSettings): ClientConfig {
  const { databaseUrl, dbHost, dbPort, dbUser, dbPassword, dbName, dbCaFile } = settings
  const common = {
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_INITIAL_DELAY_MS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  }
  if (databaseUrl === undefined) {
    const password = dbPassword === undefined ? {} : { password: dbPassword }
    const [host, user, database] = [dbHost ?? '127.0.0.1', dbUser ?? 'postgres', dbName ?? 'ping']
    const ssl = dbCaFile === undefined ? {} : { ssl: settingFiles({ ca: { setting: 'DB_CA_FILE', file: dbCaFile } }) }
    return { ...common, host, port: dbPort ?? DEFAULT_PORT, user, database, ...password, ...ssl }
  }
  if ([dbHost, dbPort, dbUser, dbPassword, dbName, dbCaFile].some(value => value !== undefined)) {
    throw new SettingsError('DATABASE_URL: got it together with DB_ settings, expected either the one or the others')
  }
  return { ...common, ...fromUrl(databaseUrl) }
}

/** What libpq's sslmode means, spelt out: `require` encrypts without a check of the certificate. */
function fromUrl(databaseUrl: string): ClientConfig {
  const { plain, parameters } = parseUrl(databaseUrl)
  const sslMode = parameters.get('sslmode')
  const caFile = parameters.get('sslrootcert')
  const unknown = [...parameters.keys()].find(name => name !== 'sslmode' && name !== 'sslrootcert')
  if (unknown !== undefined) {
    throw new SettingsError(`DATABASE_URL: got the parameter ${JSON.stringify(unknown)}, expected only sslmode and sslrootcert`)
  }
  switch (sslMode) {
    case null:
    case 'disable':
      if (caFile === null) return plain
      throw new SettingsError('DATABASE_URL: got sslrootcert without encryption, expected sslmode require, verify-ca or verify-full with it')
    case 'require':
      return { ...plain, ssl: caFile ? Object.assign(ca(caFile), ANY_NAME) : { rejectUnauthorized: false } }
    case 'verify-ca':
      return { ...plain, ssl: Object.assign(ca(caFile), ANY_NAME) }
    case 'verify-full':
      return { ...plain, ssl: ca(caFile) }
    default:
      throw new SettingsError(`DATABASE_URL: got sslmode ${JSON.stringify(sslMode)}, expected disable, require, verify-ca or verify-full`)
  }
}

function parseUrl(databaseUrl: string): { plain: ClientConfig; parameters: URLSearchParams } {
  try {
    const url = new URL(databaseUrl)
    const [user, password] = [decodeURIComponent(url.username) || 'postgres', decodeURIComponent(url.password)]
    const plain: ClientConfig = {
      host: url.hostname.replace(/^\[|\]$/g, '') || '127.0.0.1',
      port: Number(url.port || DEFAULT_PORT),
      user,
      database: decodeURIComponent(url.pathname.slice(1)) || user,
      ...(password ? { password } : {}),
    }
    return { plain, parameters: url.searchParams }
  } catch {
    // Without the cause: it quotes the URL, and with it the password.
    throw new SettingsError(`DATABASE_URL: got a value that is not shown (secret), expected ${URL_EXPECTED}`)
  }
}

/** The certificate may be for another host. */
const ANY_NAME = { checkServerIdentity: () => undefined }

function ca(file: string | null): { readonly ca?: string } {
  return settingFiles({ ca: { setting: 'DATABASE_URL', file: file ?? undefined, part: 'sslrootcert' } })
}
