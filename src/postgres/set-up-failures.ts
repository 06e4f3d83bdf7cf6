import { SettingsError } from '../runtime/settings.ts'
import { NewerDatabaseError } from './migrator.ts'
import { MissingRightError } from './missing-right.ts'

/** What a failed try to set up the database means. */
export type SetUpFailure =
  /** It ends by itself: Postgres is down, starting, failing over or out of connections, or the database is created later. */
  | 'passes'
  /**
   * Postgres refuses the connection. It may accept it once the role is created or its password changed in Postgres. But a wrong
   * setting stays wrong until the program starts again and reads the Secret again.
   */
  | 'refused'
  /** The database cannot be set up, no matter how often it is tried. */
  | 'final'

/**
 * SQLSTATE classes of errors that occur again whenever the statement is repeated: feature not supported (0A), invalid grant or role
 * (0L, 0P), invalid or conflicting data (21, 22, 23, 27, 44), dependent objects (2B), invalid schema name (3F), missing right or
 * object (42), program limit exceeded (54), or an error that the migration itself raised (P0). Not 3D, a database that does not exist:
 * it may be created later. EPIPE, with five characters too, is an error of the socket and no SQLSTATE.
 */
const FINAL = /^(0A|0L|0P|21|22|23|27|2B|3F|42|44|54|P0)[0-9A-Z]{3}$/
/** Invalid authorization: no such role, wrong password, or no matching line in pg_hba.conf. */
const REFUSED = /^28[0-9A-Z]{3}$/
/** Errors of the driver and of TLS, which have no SQLSTATE: missing password, no TLS, unexpected certificate. */
const REFUSED_MESSAGE =
  /^SASL: |asks for the password|server does not support SSL|self-signed certificate|unable to verify the first certificate|certificate has expired|altnames/

/** Decides which failures of the set-up are retried. */
export function classifySetUpFailure(error: unknown): SetUpFailure {
  const chain = chainOf(error)
  if (chain.some(each => isRefusal(each) || FINAL.test(codeOf(each)))) return 'final'
  return chain.some(each => REFUSED.test(codeOf(each)) || REFUSED_MESSAGE.test(each.message)) ? 'refused' : 'passes'
}

/** True if Ping itself, not Postgres, found that the set-up is impossible. */
function isRefusal(error: Error): boolean {
  return error instanceof SettingsError || error instanceof NewerDatabaseError || error instanceof MissingRightError
}

/** The error and its causes, including all errors of an AggregateError. */
function chainOf(error: unknown): readonly Error[] {
  if (!(error instanceof Error)) return []
  const several = error instanceof AggregateError ? error.errors : []
  return [error, ...[error.cause, ...several].flatMap(chainOf)]
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : ''
}
