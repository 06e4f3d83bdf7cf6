import { NewerDatabaseError } from '../ledger/migrate.ts'
import { MissingRightError } from '../ledger/missing-right.ts'
import { SettingsError } from '../runtime/settings.ts'

/** What becomes of a failed try to set the database up. */
export type SetUpFailure =
  /** It passes by itself: Postgres is down, starts, fails over or is full; or somebody creates the database later. */
  | 'passes'
  /**
   * Postgres does not let us in. It may, once somebody has created the role or changed its password there; but settings that are
   * wrong here stay so until the program starts again, with what the Secret says by then.
   */
  | 'refused'
  /** The database is not one that can be set up, however often it is tried. */
  | 'final'

/**
 * Classes of SQLSTATE by which a statement fails whenever it is repeated: it asks for a feature that is missing (0A), grants what it may
 * not (0L, 0P), meets data that it cannot have (21, 22, 23, 27, 44), something that depends on what it removes (2B), or a schema that is
 * missing (3F), lacks a right or names what is not there (42), is beyond what Postgres can do (54), or was refused by the migration
 * itself (P0). Not 3D, a database that is missing: it is created without us. EPIPE, of the socket, looks like one and is none.
 */
const FINAL = /^(0A|0L|0P|21|22|23|27|2B|3F|42|44|54|P0)[0-9A-Z]{3}$/
/** Invalid authorization: no such role, a wrong password, no line for us in pg_hba.conf. */
const REFUSED = /^28[0-9A-Z]{3}$/
/** Errors of the driver and of TLS, which have no SQLSTATE: no password where one is wanted, no TLS, another certificate than expected. */
const REFUSED_MESSAGE =
  /^SASL: |asks for the password|server does not support SSL|self-signed certificate|unable to verify the first certificate|certificate has expired|altnames/

/** The one table that says which failures of the set-up are tried again. */
export function classifySetUpFailure(error: unknown): SetUpFailure {
  const chain = chainOf(error)
  if (chain.some(each => isRefusal(each) || FINAL.test(codeOf(each)))) return 'final'
  return chain.some(each => REFUSED.test(codeOf(each)) || REFUSED_MESSAGE.test(each.message)) ? 'refused' : 'passes'
}

/** True if the program itself found that it cannot be. */
function isRefusal(error: Error): boolean {
  return error instanceof SettingsError || error instanceof NewerDatabaseError || error instanceof MissingRightError
}

/** The error and what caused it, several tries at once included. */
function chainOf(error: unknown): readonly Error[] {
  if (!(error instanceof Error)) return []
  const several = error instanceof AggregateError ? error.errors : []
  return [error, ...[error.cause, ...several].flatMap(chainOf)]
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : ''
}
