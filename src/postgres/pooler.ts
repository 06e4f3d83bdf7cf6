import type { Client, ClientConfig } from 'pg'
import { createPostgresClient, cutPostgresClient } from '../runtime/postgres-client.ts'
import { SettingsError } from '../runtime/settings.ts'
import { within } from '../runtime/wait.ts'
import { keepsSession, type Session } from './session.ts'

/** In each round the two clients may meet in the same session; other traffic may prevent that. */
const ROUNDS = 3
/** A pooler may have no free session for the second client: then the check shows nothing. */
const SECOND_CLIENT_MS = 1_000

/** Known to keep sessions apart; one check per program is enough. */
const known = new WeakSet<ClientConfig>()

/**
 * Refuses a pooler in transaction or statement mode, in which locks, settings and prepared statements do not stay with the client.
 * Throws `SettingsError`.
 */
export async function checkPooler(client: Client, session: Session, config: ClientConfig): Promise<void> {
  if (!(await keepsSession(client, session))) throw wrongMode()
  if (known.has(config)) return
  const second = createPostgresClient({ ...config, application_name: 'ping-look', connectionTimeoutMillis: 0 })
  second.on('error', () => undefined)
  try {
    await within(SECOND_CLIENT_MS, 'no second session', second.connect())
    for (let round = 0; round < ROUNDS; round++) {
      if (await isShared(client, second, session.pid)) throw wrongMode()
    }
    known.add(config)
  } catch (error) {
    if (error instanceof SettingsError) throw error
  } finally {
    cutPostgresClient(second)
  }
}

/**
 * True if clients share sessions: the second client, in a transaction, has the session that answered the first one, or another session
 * answers the first one then. In session mode neither is possible.
 */
async function isShared(client: Client, second: Client, pid: number): Promise<boolean> {
  try {
    await within(SECOND_CLIENT_MS, 'no second session', second.query('begin'))
  } catch (error) {
    if (isRefused(error)) return true // statement mode has no transactions
    throw error
  }
  const held = await within(SECOND_CLIENT_MS, 'no second session', pidOf(second))
  const now = await pidOf(client)
  await within(SECOND_CLIENT_MS, 'no second session', second.query('rollback'))
  return held === pid || now !== pid
}

async function pidOf(client: Client): Promise<number> {
  return (await client.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]!.pid
}

/** PgBouncer's answer to `begin` in statement mode, of the class "protocol violation". */
function isRefused(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '08P01'
}

function wrongMode(): SettingsError {
  return new SettingsError(
    'DATABASE_URL or DB_HOST: got a connection pooler in transaction or statement mode, expected session mode (PgBouncer: pool_mode = session) or a direct connection to Postgres, because locks, settings and prepared statements belong to a session',
  )
}
