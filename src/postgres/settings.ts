import type { ClientConfig } from 'pg'
import { parseAddressUrl, type AddressUrl } from '../runtime/address-url.ts'
import { settingFiles } from '../runtime/setting-file.ts'
import { host, integer, SettingsError, text, type SettingsOf } from '../runtime/settings.ts'

const DEFAULT_PORT = 5432
const URL_EXPECTED = 'postgres://user:password@host:port/database?sslmode=…&sslrootcert=…'

/** Where Postgres is: `DATABASE_URL`, or the five settings of the original service and a CA. */
export const postgresSettings = {
  databaseUrl: text('DATABASE_URL', {
    help: 'Postgres, as one URL. The parameters sslmode (disable, require, verify-ca, verify-full) and sslrootcert (a file) are supported; write special characters as %XX. Of the DB_ settings, only DB_PASSWORD can be set as well.',
    expected: URL_EXPECTED,
    check: parseDatabaseUrl,
    fallback: undefined,
    secret: true,
  }),
  dbHost: host('DB_HOST', { help: 'Host of Postgres.', fallback: undefined, sockets: true }),
  dbPort: integer('DB_PORT', { help: `Port of Postgres; absent: ${DEFAULT_PORT}.`, fallback: undefined, min: 1, max: 65535 }),
  dbUser: text('DB_USER', { help: 'User for Postgres.', fallback: undefined }),
  dbPassword: text('DB_PASSWORD', { help: 'Password for Postgres, if it is not in DATABASE_URL.', fallback: undefined, secret: true }),
  dbName: text('DB_NAME', { help: 'Name of the database.', fallback: undefined }),
  dbCaFile: text('DB_CA_FILE', {
    help: 'File with the CA certificate of Postgres. If set, connections use TLS, and the server certificate must match the host name, as with sslmode=verify-full.',
    fallback: undefined,
  }),
}

export type PostgresSettings = SettingsOf<typeof postgresSettings>

/** The operating system's keep-alive detects a frozen peer after about this time. */
const KEEP_ALIVE_INITIAL_DELAY_MS = 5_000

/** How to connect. Throws `SettingsError` for settings that contradict each other or a CA file that can't be read. */
export function postgresConfig(settings: PostgresSettings): ClientConfig {
  const { databaseUrl, dbHost, dbPort, dbUser, dbPassword, dbName, dbCaFile } = settings
  const common = { keepAlive: true, keepAliveInitialDelayMillis: KEEP_ALIVE_INITIAL_DELAY_MS }
  const password = dbPassword === undefined ? {} : { password: dbPassword }
  if (databaseUrl === undefined) {
    const [host, user, database] = [dbHost ?? '127.0.0.1', dbUser ?? 'postgres', dbName ?? 'ping']
    const ssl = dbCaFile === undefined ? {} : { ssl: settingFiles({ ca: { setting: 'DB_CA_FILE', file: dbCaFile } }) }
    return { ...common, host, port: dbPort ?? DEFAULT_PORT, user, database, ...password, ...ssl }
  }
  if ([dbHost, dbPort, dbUser, dbName, dbCaFile].some(value => value !== undefined)) {
    throw new SettingsError('DATABASE_URL: got it together with DB_ settings other than DB_PASSWORD, expected one or the other')
  }
  const url = parseDatabaseUrl(databaseUrl)
  if (url.password !== undefined && dbPassword !== undefined) {
    throw new SettingsError('DB_PASSWORD: got it together with a password in DATABASE_URL, expected one of them')
  }
  return { ...common, ...plainOf(url), ...password, ...tlsOf(url.parameters) }
}

function parseDatabaseUrl(text: string): AddressUrl {
  return parseAddressUrl(text, {
    setting: 'DATABASE_URL',
    schemes: ['postgres', 'postgresql'],
    expected: URL_EXPECTED,
    passwordSetting: 'DB_PASSWORD',
    oneHost: "put a Service there, such as CloudNativePG's NAME-rw, which leads to the primary",
    parameters: ['sslmode', 'sslrootcert'],
  })
}

function plainOf({ host, port = DEFAULT_PORT, user = 'postgres', password, path }: AddressUrl): ClientConfig {
  return { host, port, user, database: path || user, ...(password === undefined ? {} : { password }) }
}

/** The options of each sslmode of libpq: `require` encrypts without checking the certificate. */
function tlsOf(parameters: AddressUrl['parameters']): Pick<ClientConfig, 'ssl'> {
  const caFile = parameters.get('sslrootcert')
  switch (parameters.get('sslmode')) {
    case undefined:
    case 'disable':
      if (caFile === undefined) return { ssl: false }
      throw new SettingsError(
        'DATABASE_URL: got sslrootcert without encryption, expected sslmode require, verify-ca or verify-full with it',
      )
    case 'require':
      return { ssl: caFile ? Object.assign(ca(caFile), ANY_NAME) : { rejectUnauthorized: false } }
    case 'verify-ca':
      return { ssl: Object.assign(ca(caFile), ANY_NAME) }
    case 'verify-full':
      return { ssl: ca(caFile) }
    default:
      throw new SettingsError(
        'DATABASE_URL: got an unknown sslmode (not shown: secret), expected disable, require, verify-ca or verify-full',
      )
  }
}

/** The certificate may be for another host. */
const ANY_NAME = { checkServerIdentity: () => undefined }

function ca(file: string | undefined): { readonly ca?: string } {
  return settingFiles({ ca: { setting: 'DATABASE_URL', file, part: 'sslrootcert' } })
}
