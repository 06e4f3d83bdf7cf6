import type { Queryable } from './connect.ts'

/**
 * Takes the free relay locks among these lanes; returns the lanes of the locks. A lock belongs to the session
 * and ends with it.
 */
export async function takeRelayLocks(db: Queryable, lanes: readonly number[]): Promise<readonly number[]> {
  const result = await db.query<{ lane: number }>(
    'select lane from unnest($1::int[]) as lane where pg_try_advisory_lock(ping_lock_class_relay(), lane)',
    [lanes],
  )
  return result.rows.map(row => row.lane)
}

/** Lets Postgres end the session after this time without a statement, so that a frozen server loses its lanes. In ms. */
export async function endSessionWhenIdle(db: Queryable, idleMs: number): Promise<void> {
  await db.query("select set_config('idle_session_timeout', $1, false)", [`${idleMs}ms`])
}
