import type { Queryable } from '../../src/postgres/connect.ts'

/** A row of a lane, and everything before it. (0, 0) is the start. */
export interface OutboxPosition {
  readonly seq: bigint
  /** Of the batch that wrote the row. No two histories of a lane have the same tag at the same seq. */
  readonly tag: bigint
}

interface RowOfLane extends OutboxPosition {
  readonly lane: number
  readonly resource: string
  readonly commandId: string
}

/** A command that was granted a slot. */
export interface ActionableRow extends RowOfLane {
  readonly kind: 'actionable'
  readonly token: bigint
  /** Undefined: no lease. */
  readonly leaseMs: number | undefined
  readonly payload: Buffer
}

/** What became of a command. */
export interface OutcomeRow extends RowOfLane {
  readonly kind: 'cancelling' | 'finished' | 'cancelled' | 'expired' | 'refusedFull' | 'refusedConflict' | 'refusedEvent'
  /** Undefined if it was never granted. */
  readonly token: bigint | undefined
  /** Of `refusedEvent`: the event, and why it changed nothing. */
  readonly event?: string
  readonly reason?: string
}

export type OutboxRow = ActionableRow | OutcomeRow

/** The kinds by their number in Postgres. */
const KINDS: ReadonlyMap<number, OutcomeRow['kind']> = new Map([
  [2, 'cancelling'],
  [4, 'finished'],
  [5, 'cancelled'],
  [6, 'expired'],
  [7, 'refusedFull'],
  [8, 'refusedConflict'],
  [9, 'refusedEvent'],
])

/** The published positions of all lanes, by lane number. */
export async function readPublished(db: Queryable): Promise<ReadonlyMap<number, OutboxPosition>> {
  const result = await db.query<StoredPosition>('select lane, published_seq, published_tag from lanes order by lane')
  return new Map(result.rows.map(row => [row.lane, { seq: row.published_seq, tag: row.published_tag }]))
}

interface StoredPosition {
  readonly lane: number
  readonly published_seq: bigint
  readonly published_tag: bigint
}

/**
 * The positions and the rows after each start, by seq, up to a number of rows and of payload bytes per lane (the first row is always
 * among them). The row at the start is read as well: it shows that the start is in the lane's history.
 */
const ROWS = {
  name: 'semaphore_outbox_after',
  text: `select l.lane, l.published_seq, l.published_tag, r.*
    from unnest($1::int[], $2::bigint[]) as w (lane, seq)
    join lanes l on l.lane = w.lane
    left join lateral (
      select o.seq, o.tag, o.kind, o.resource, o.command_id, o.token, o.lease_ms, o.payload, o.event, o.reason
      from (
        select o.*, sum(coalesce(length(o.payload), 0)) over (order by o.seq) - coalesce(length(o.payload), 0) as bytes_before
        from (select * from outbox o where o.lane = w.lane and o.seq >= w.seq order by o.seq limit $3) o
      ) o
      where o.bytes_before <= $4
    ) r on true
    order by l.lane, r.seq`,
}

/** A row as Postgres returns it. */
export interface StoredOutboxRow {
  readonly lane: number
  readonly seq: bigint
  readonly tag: bigint
  readonly kind: number
  readonly resource: string
  readonly command_id: string
  readonly token: bigint | null
  readonly lease_ms: bigint | null
  readonly payload: Buffer | null
  readonly event: string | null
  readonly reason: string | null
}

/** The columns of the row are null if the lane has none after the start. */
type StoredRow = StoredPosition & Omit<StoredOutboxRow, 'seq'> & { readonly seq: bigint | null }

export interface OutboxBounds {
  /** Per lane. */
  readonly maxRows: number
  /** Of payloads, per lane; the last row may go over it. */
  readonly maxBytes: number
}

/**
 * The rows after each position, by lane number; undefined for a position that is not in the lane's history, or before the published
 * one. One statement reads the rows and checks the start: with two, a failover in between would join two histories.
 */
export async function rowsAfter(
  db: Queryable,
  starts: ReadonlyMap<number, OutboxPosition>,
  { maxRows, maxBytes }: OutboxBounds,
): Promise<ReadonlyMap<number, readonly OutboxRow[] | undefined>> {
  const lanes = [...starts.keys()]
  const seqs = [...starts.values()].map(({ seq }) => seq)
  const result = await db.query<StoredRow>({ ...ROWS, values: [`{${lanes.join()}}`, `{${seqs.join()}}`, maxRows + 1, maxBytes] })
  const byLane = Map.groupBy(result.rows, ({ lane }) => lane)
  return new Map(lanes.map(lane => [lane, fromStart(starts.get(lane)!, byLane.get(lane) ?? [], maxRows)]))
}

function fromStart(start: OutboxPosition, rows: readonly StoredRow[], maxRows: number): readonly OutboxRow[] | undefined {
  const first = rows[0]
  if (!first || start.seq < first.published_seq) return undefined
  const there = rows.filter((row): row is StoredRow & StoredOutboxRow => row.seq !== null)
  if (start.seq === first.published_seq) {
    return start.tag === first.published_tag ? there.slice(0, maxRows).map(outboxRow) : undefined
  }
  return there[0]?.seq === start.seq && there[0].tag === start.tag ? there.slice(1).map(outboxRow) : undefined
}

export function outboxRow(row: StoredOutboxRow): OutboxRow {
  const { lane, seq, tag, resource, command_id: commandId, token } = row
  const common = { lane, seq, tag, resource, commandId }
  if (row.kind === 1) {
    const leaseMs = row.lease_ms === null ? undefined : Number(row.lease_ms)
    return { ...common, kind: 'actionable', token: token!, leaseMs, payload: row.payload! }
  }
  const why = row.event === null ? {} : { event: row.event, reason: row.reason ?? '' }
  return { ...common, kind: KINDS.get(row.kind)!, token: token ?? undefined, ...why }
}

/** A move of a lane's published position: its expected value and its new value. */
export interface OutboxMove {
  readonly lane: number
  readonly from: OutboxPosition
  readonly to: OutboxPosition
}

const MOVE = { name: 'semaphore_move_published', text: 'select lane from move_published($1, $2, $3, $4, $5) as lane' }

/**
 * Moves published positions by compare-and-set and removes the rows up to them; returns the lanes that were moved. Call it on the
 * session that holds the lanes' relay locks, so that the move fails if the locks are lost.
 */
export async function movePublished(db: Queryable, moves: readonly OutboxMove[]): Promise<ReadonlySet<number>> {
  const column = (pick: (move: OutboxMove) => number | bigint) => `{${moves.map(pick).join()}}`
  const values = [column(m => m.lane), column(m => m.from.seq), column(m => m.from.tag), column(m => m.to.seq), column(m => m.to.tag)]
  const result = await db.query<{ lane: number }>({ ...MOVE, values })
  return new Set(result.rows.map(({ lane }) => lane))
}

/** Class of the relays' advisory locks. Batches use another (take_steps). */
const RELAY_LOCK_CLASS = 1397050674

/** Takes the free relay locks among these lanes; returns their lanes. A lock belongs to the session and ends with it. */
export async function takeRelayLocks(db: Queryable, lanes: readonly number[]): Promise<readonly number[]> {
  const result = await db.query<{ lane: number }>('select lane from unnest($1::int[]) as lane where pg_try_advisory_lock($2, lane)', [
    lanes,
    RELAY_LOCK_CLASS,
  ])
  return result.rows.map(row => row.lane)
}

/** Lets Postgres end the session after this time without a statement, so that a frozen program loses its lanes. In ms. */
export async function endSessionWhenIdle(db: Queryable, idleMs: number): Promise<void> {
  await db.query("select set_config('idle_session_timeout', $1, false)", [`${idleMs}ms`])
}
