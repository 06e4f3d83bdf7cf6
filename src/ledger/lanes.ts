import type { Queryable } from './connect.ts'

/** The number of lanes in the database, no matter what a setting says. */
export async function readLaneCount(db: Queryable): Promise<number> {
  const result = await db.query<{ lanes: number }>('select count(*)::int as lanes from ping_lanes')
  return result.rows[0]!.lanes
}

/** True if this Postgres accepts pings. A standby does not, before or after a failover, nor does a server without Ping's tables. */
export async function acceptsWrites(db: Queryable): Promise<boolean> {
  const result = await db.query<{ yes: boolean }>(
    "select not pg_is_in_recovery() and current_setting('default_transaction_read_only') = 'off' and to_regclass('pings') is not null as yes",
  )
  return result.rows[0]!.yes
}
