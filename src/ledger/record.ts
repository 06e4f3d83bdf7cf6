import { timeArray, uuidArray } from '../postgres/binary-array.ts'
import { withoutWarning } from '../postgres/commit-warning.ts'
import type { Client } from '../postgres/pg-types.ts'
import type { NewPing } from '../terms/ping.ts'
import type { Position } from '../terms/position.ts'
import type { SpanContext } from '../tracing/trace-context.ts'

/** What one batch did. */
export interface RecordedBatch {
  readonly lane: number
  /** The lane's head before the batch. */
  readonly before: Position
  /** The tag of the rows that the batch inserted. */
  readonly tag: bigint
  /** The pings that were inserted, in order: the first has seq `before.seq + 1`. */
  readonly inserted: readonly NewPing[]
  /** The ids that were already recorded, with their recorded times. */
  readonly known: ReadonlyMap<string, bigint>
  /** The traces that inserted pings are part of, by their index in `inserted`. Set by the recorder; absent if there are none. */
  readonly traces?: ReadonlyMap<number, SpanContext>
}

const RECORD = { name: 'ping_record_batch', text: 'select ping_record_batch($1, $2, $3, $4) as batch' }

const NOTHING_KNOWN: ReadonlyMap<string, bigint> = new Map()

/** The function's result: lane, head before, tag; indexes of known ids; their times. */
type Outcome = readonly [lane: bigint, beforeSeq: bigint, beforeTag: bigint, tag: bigint, ...known: bigint[]]

/**
 * Records a batch: one round trip, one transaction; resolves after the commit.
 *
 * @param lanes lanes to choose from, best first
 * @param pings sorted by id, ids unique
 * @param doubtful the ids that may already be recorded; if absent, all may. The others are not looked up
 *
 * After any rejection it is unknown whether the batch was recorded: call again with the same pings, all of them doubtful, on a new
 * connection if this one is broken. See `classifyBatchFailure`.
 */
export async function recordBatch(
  client: Client,
  lanes: readonly number[],
  pings: readonly NewPing[],
  doubtful?: readonly string[],
): Promise<RecordedBatch> {
  const ids = uuidArray(pings.map(ping => ping.id))
  const times = timeArray(pings.map(ping => ping.timestampMs))
  const values = [`{${lanes.join()}}`, ids, times, doubtful ? uuidArray(doubtful) : null]
  const result = await withoutWarning(client, () => client.query<{ batch: Outcome }>({ ...RECORD, values }))
  return toBatch(result.rows[0]!.batch, pings)
}

function toBatch([lane, seq, tag, newTag, ...known]: Outcome, pings: readonly NewPing[]): RecordedBatch {
  const batch = { lane: Number(lane), before: { seq, tag }, tag: newTag }
  if (known.length === 0) return { ...batch, inserted: pings, known: NOTHING_KNOWN }
  const numbers = known.splice(0, known.length / 2)
  const timesMs = new Map(numbers.map((number, index) => [pings[Number(number) - 1]!.id, known[index]!]))
  return { ...batch, inserted: pings.filter(({ id }) => !timesMs.has(id)), known: timesMs }
}
