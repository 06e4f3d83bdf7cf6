import { crc32 } from 'node:zlib'
import type { Queryable } from '../../src/postgres/connect.ts'

/** The number of lanes in the database. It never changes. */
export async function readLaneCount(db: Queryable): Promise<number> {
  const result = await db.query<{ lanes: number }>('select count(*)::int as lanes from lanes')
  return result.rows[0]!.lanes
}

/** The lane of a resource: the same for every program and version, because the resource's row stores it. */
export function laneOf(resource: string, laneCount: number): number {
  return crc32(resource) % laneCount
}

/** True if this Postgres accepts steps: it is no standby, and the semaphore's tables are there. */
export async function acceptsWrites(db: Queryable): Promise<boolean> {
  const result = await db.query<{ yes: boolean }>(
    "select not pg_is_in_recovery() and current_setting('default_transaction_read_only') = 'off' and to_regclass('resources') is not null as yes",
  )
  return result.rows[0]!.yes
}
