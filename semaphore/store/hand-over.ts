import { laneOf } from './lanes.ts'
import { outboxRow, type OutboxPosition, type OutboxRow } from './outbox.ts'

/** Rows of a lane that a batch has just committed, so that the relay need not read them. */
export interface HandOver {
  readonly lane: number
  /** The position that the rows follow. */
  readonly before: OutboxPosition
  /** By seq; one at least. */
  readonly rows: readonly OutboxRow[]
}

/** What `take_steps` returns of the outbox: a column for each part of a row. Null: there is no such row. */
export interface ToldRows {
  readonly tag: bigint
  readonly has_expired: boolean
  readonly ends_seqs: readonly bigint[] | null
  readonly ends_before_tags: readonly bigint[] | null
  readonly ends_kinds: readonly number[] | null
  readonly ends_resources: readonly string[] | null
  readonly ends_ids: readonly string[] | null
  readonly ends_tokens: readonly bigint[] | null
  readonly granted_ids: readonly string[] | null
  readonly granted_tokens: readonly bigint[] | null
  readonly grants_seqs: readonly bigint[] | null
  readonly grants_before_tags: readonly bigint[] | null
  readonly grants_resources: readonly string[] | null
  readonly grants_lease_ms: readonly bigint[] | null
  /** Null if they are large, too. */
  readonly grants_payloads: readonly Buffer[] | null
}

interface Told {
  readonly row: OutboxRow
  /** Of the last row of the lane that is not of the same function. */
  readonly beforeTag: bigint
}

const ACTIONABLE = 1

/** The rows of ends and grants, by lane; undefined if they have to be read. */
export function handOversOf(told: ToldRows, laneCount: number): readonly HandOver[] | undefined {
  if (told.has_expired || (told.grants_seqs !== null && told.grants_payloads === null)) return undefined
  const byLane = Map.groupBy([...endsOf(told, laneCount), ...grantsOf(told, laneCount)], ({ row }) => row.lane)
  return [...byLane].map(([lane, ofLane]) => {
    const [first, ...others] = ofLane.toSorted((a, b) => Number(a.row.seq - b.row.seq))
    const before = { seq: first!.row.seq - 1n, tag: first!.beforeTag }
    return { lane, before, rows: [first!, ...others].map(({ row }) => row) }
  })
}

function endsOf(told: ToldRows, laneCount: number): readonly Told[] {
  return (told.ends_seqs ?? []).map((seq, at) => {
    const resource = told.ends_resources![at]!
    const ids = { lane: laneOf(resource, laneCount), seq, tag: told.tag, resource, command_id: told.ends_ids![at]! }
    const none = { lease_ms: null, payload: null, event: null, reason: null }
    const row = outboxRow({ ...ids, ...none, kind: told.ends_kinds![at]!, token: told.ends_tokens![at]! || null })
    return { row, beforeTag: told.ends_before_tags![at]! }
  })
}

function grantsOf(told: ToldRows, laneCount: number): readonly Told[] {
  return (told.grants_seqs ?? []).map((seq, at) => {
    const resource = told.grants_resources![at]!
    const ids = { lane: laneOf(resource, laneCount), seq, tag: told.tag, resource, command_id: told.granted_ids![at]! }
    const token = told.granted_tokens![at]!
    const payload = told.grants_payloads![at]!
    const lease = { lease_ms: told.grants_lease_ms![at]! || null, event: null, reason: null }
    return { row: outboxRow({ ...ids, ...lease, kind: ACTIONABLE, token, payload }), beforeTag: told.grants_before_tags![at]! }
  })
}
