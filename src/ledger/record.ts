import type { Client, Notice } from './pg-types.ts'
import type { NewPing } from '../terms/ping.ts'
import type { Position } from '../terms/position.ts'

/** What one batch did. */
export interface RecordedBatch {
  readonly lane: number
  /** The lane's head before the batch. */
  readonly before: Position
  /** The tag of the rows that the batch inserted. */
  readonly tag: bigint
  /** The pings that were inserted, in order: the first has seq `before.seq + 1`. */
  readonly inserted: readonly NewPing[]
  /** The ids that had been recorded before, with the time they were recorded with. */
  readonly known: ReadonlyMap<string, bigint>
}

/** The commit was answered with a WARNING: it may be in this server only. Not an ack; record the same ids again. */
export class CommitWarningError extends Error {
  override readonly name = 'CommitWarningError'
}

/** The SQLSTATE of what is said below the level of a WARNING. */
const NO_WARNING = '00000'

const RECORD = {
  name: 'ping_record',
  text: 'select lane, before_seq, before_tag, tag, known_ids, known_times_ms from ping_record($1, $2, $3)',
}

interface RecordRow {
  readonly lane: number
  readonly before_seq: bigint
  readonly before_tag: bigint
  readonly tag: bigint
  readonly known_ids: string[] | null
  readonly known_times_ms: bigint[] | null
}

/**
 * Records a batch: one round trip, one transaction; resolves after the commit.
 *
 * @param lanes lanes to choose from, best first
 * @param pings sorted by id, ids unique
 *
 * Any rejection leaves it open whether the batch was recorded: call again with the same pings, on a new
 * connection if this one broke. See `classifyBatchFailure`.
 */
export async function recordBatch(client: Client, lanes: readonly number[], pings: readonly NewPing[]): Promise<RecordedBatch> {
  const ids = `{${pings.map(ping => ping.id).join()}}`
  const times = `{${pings.map(ping => ping.timestampMs).join()}}`
  const warnings: Notice[] = []
  const collect = (notice: Notice) => {
    if (notice.code !== NO_WARNING) warnings.push(notice)
  }
  client.on('notice', collect)
  try {
    const result = await client.query<RecordRow>({ ...RECORD, values: [`{${lanes.join()}}`, ids, times] })
    if (warnings[0]) throw new CommitWarningError(warnings[0].message ?? 'a warning at commit')
    return toBatch(result.rows[0]!, pings)
  } finally {
    client.off('notice', collect)
  }
}

function toBatch(row: RecordRow, pings: readonly NewPing[]): RecordedBatch {
  const known = new Map<string, bigint>()
  row.known_ids?.forEach((id, index) => known.set(id, row.known_times_ms![index]!))
  return {
    lane: row.lane,
    before: { seq: row.before_seq, tag: row.before_tag },
    tag: row.tag,
    inserted: known.size === 0 ? pings : pings.filter(ping => !known.has(ping.id)),
    known,
  }
}
