import type { Client, QueryResult } from 'pg'

/**
 * Session settings that batches need, no matter what the defaults of the database, the role and a pooler are: READ COMMITTED (a
 * batch reads the head after it has its lock); plans by index from the first row on (Postgres would scan tables without statistics);
 * except for reads, no statement time-out (the outcome of a cancelled batch would be unknown; we close the connection instead).
 * Warnings must arrive, because one at commit is not an ack. If a policy hides rows, that is an error, not a lower count.
 */
const SETTINGS = {
  default_transaction_isolation: 'read committed',
  enable_seqscan: 'off',
  jit: 'off',
  timezone: 'UTC',
  lock_timeout: '0',
  client_min_messages: 'warning',
  row_security: 'off',
  idle_in_transaction_session_timeout: '0',
  idle_session_timeout: '0',
}
/** Postgres 17 and newer have it. */
const NO_TRANSACTION_TIMEOUT = `case when pg_catalog.current_setting('transaction_timeout', true) is not null
  then pg_catalog.set_config('transaction_timeout', '0', false) end`

/** The settings of a session, with the names and units of Postgres. The search_path is not among them: it is determined in the database. */
export type SessionSettings = Readonly<Record<string, string>>

/** `auto`: Postgres may plan a statement again for its values. `force_generic_plan`: one plan for all values. */
export type PlanCacheMode = 'auto' | 'force_generic_plan'

export function sessionSettings(applicationName: string, statementTimeoutMs: number, planCacheMode: PlanCacheMode): SessionSettings {
  return { ...SETTINGS, plan_cache_mode: planCacheMode, statement_timeout: String(statementTimeoutMs), application_name: applicationName }
}

/** Postgres answered as a standby: it accepts no writes, and its counts may lack acknowledged pings. */
export class StandbyError extends Error {
  override readonly name = 'StandbyError'
}

/** The session of a client, as Postgres knows it. */
export interface Session {
  /** The id of its Postgres process, which the driver does not know if there is a pooler. */
  readonly pid: number
  readonly settings: SessionSettings
}

/** Two statements in one message, so that the database's own time-out does not cancel the second. */
function beginText(client: Client, settings: SessionSettings, searchPath: string): string {
  const values = Object.entries(settings).map(
    ([name, value]) => `pg_catalog.set_config(${client.escapeLiteral(name)}, ${client.escapeLiteral(value)}, false)`,
  )
  return `set statement_timeout = 0;
    select pg_catalog.pg_backend_pid() as pid, pg_catalog.pg_is_in_recovery() as standby, pg_catalog.set_config('search_path', ${searchPath}, false) as search_path, ${NO_TRANSACTION_TIMEOUT}, array[${values.join()}] as set`
}

/**
 * Sets up the session in one round trip, by statements, because poolers refuse or drop settings in the start packet. `searchPath` is an SQL expression.
 * Throws `StandbyError`.
 */
export async function beginSession(client: Client, settings: SessionSettings, searchPath: string): Promise<Session> {
  const results: unknown = await client.query(beginText(client, settings, searchPath))
  const { rows } = (results as readonly QueryResult<{ pid: number; standby: boolean; search_path: string }>[])[1]!
  const { pid, standby, search_path } = rows[0]!
  if (standby) throw new StandbyError('Postgres answers as a standby, which accepts no writes; expected the primary')
  return { pid, settings: { ...settings, search_path } }
}

const READ_BACK = `select pg_catalog.pg_backend_pid() as pid,
  (select pg_catalog.json_object_agg(pg_catalog.lower(name), setting) from pg_catalog.pg_settings where pg_catalog.lower(name) = any($1)) as settings`

/** True if the next statement runs in the same session with its settings. False with a pooler whose clients share sessions. */
export async function keepsSession(client: Client, { pid, settings }: Session): Promise<boolean> {
  const { rows } = await client.query<{ pid: number; settings: SessionSettings }>(READ_BACK, [Object.keys(settings)])
  const now = rows[0]!
  return now.pid === pid && Object.entries(settings).every(([name, value]) => now.settings[name] === value)
}
