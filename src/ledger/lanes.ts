import type { Queryable } from './connect.ts'

/** The number of lanes: the database's, whatever a setting says. */
export async function readLaneCount(db: Queryable): Promise<number> {
  const result = await db.query<{ lanes: number }>('select count(*)::int as lanes from ping_lanes')
  return result.rows[0]!.lanes
}

/** True if this server takes pings: a standby, after a failover or before one, does not, nor one whose tables somebody dropped. */
export async function acceptsWrites(db: Queryable): Promise<boolean> {
  const result = await db.query<{ yes: boolean }>(
    "select not pg_is_in_recovery() and current_setting('default_transaction_read_only') = 'off' and to_regclass('pings') is not null as yes",
  )
  return result.rows[0]!.yes
}
