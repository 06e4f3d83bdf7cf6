import type { CommandView } from '../terms/reads.ts'
import { stateOf } from './states.ts'

/** A time of Postgres as whole ms since the Unix epoch, as text. */
const ms = (column: string) => `floor(extract(epoch from ${column}) * 1000)::bigint`

/** The columns of a command, from `commands c` and its slot `s`, which may be missing. */
export const COMMAND_COLUMNS = `c.command_id, c.resource, c.place, c.priority, c.payload_bytes,
  coalesce(c.state, case when s.token is null then 1 when s.cancel_requested_at is null then 2 else 3 end)::int as state,
  coalesce(c.token, s.token) as token, ${ms('c.submitted_at')} as submitted_ms, ${ms('coalesce(c.granted_at, s.granted_at)')} as granted_ms,
  ${ms('s.lease_until')} as lease_ms, ${ms('coalesce(c.cancel_requested_at, s.cancel_requested_at)')} as cancel_ms, ${ms('c.ended_at')} as ended_ms`

/** The slot of `commands c`, if it holds one. */
export const SLOT_OF_COMMAND =
  'left join lateral (select s.* from slots s where s.command_id = c.command_id and c.state is null offset 0) s on true'

export interface CommandRow {
  readonly command_id: string
  readonly resource: string
  readonly place: bigint
  readonly priority: number
  readonly payload_bytes: number
  readonly state: number
  readonly token: bigint | null
  readonly submitted_ms: bigint
  readonly granted_ms: bigint | null
  readonly lease_ms: bigint | null
  readonly cancel_ms: bigint | null
  readonly ended_ms: bigint | null
}

export function toCommand(row: CommandRow): CommandView {
  return {
    commandId: row.command_id,
    resource: row.resource,
    state: stateOf(row.state),
    place: row.place,
    priority: row.priority,
    token: row.token ?? undefined,
    payloadBytes: row.payload_bytes,
    submittedAtMs: Number(row.submitted_ms),
    grantedAtMs: toMs(row.granted_ms),
    leaseUntilMs: toMs(row.lease_ms),
    cancelRequestedAtMs: toMs(row.cancel_ms),
    endedAtMs: toMs(row.ended_ms),
  }
}

/** Times in ms are exact as numbers. */
function toMs(ms: bigint | null): number | undefined {
  return ms === null ? undefined : Number(ms)
}
