import type { Position } from '../terms/position.ts'
import type { Cache } from './connect.ts'
import { HASH } from './names.ts'
import { formatPosition, parsePosition } from './position.ts'

/** Maximum number of distinct minutes in one flush, because the script passes them to one HSET as arguments. */
export const MAX_MINUTES_PER_FLUSH = 1_000
/** How many more minutes to drop when the hash has too many. */
const DROPPED_AT_ONCE = 200
/** `total`, `minutes-from`, `minutes-to`; and for each lane `applied` and `asof`. */
const SHARED_FIELDS = 3
const FIELDS_PER_LANE = 2

/** What to write for one lane: the position where it must be, and the position where it then is. */
export interface LaneFlush {
  readonly lane: number
  readonly start: Position
  readonly end: Position
  /** Pings between start and end by minute; at most `MAX_MINUTES_PER_FLUSH` minutes. */
  readonly minutes: ReadonlyMap<number, number>
  /** The cache's TIME up to which the lane is then complete, or undefined to leave `asof` unchanged. In ms. */
  readonly asofMs: number | undefined
}

export interface HashShape {
  /** The number of lanes, as the database has it. */
  readonly lanes: number
  /** Maximum number of minutes in the hash. */
  readonly maxMinutes: number
}

/** The cache's answer. `applied`: the lane is at the end, by this flush or an earlier attempt of it. */
export type FlushOutcome =
  | { readonly kind: 'applied' }
  | { readonly kind: 'moved'; readonly to: Position }
  | { readonly kind: 'incomplete' | 'malformed'; readonly field: string }

/** Writes one lane by compare-and-set. After a rejection it is unknown whether it was written: try again, or read `applied`. */
export async function compareAndSet(cache: Cache, flush: LaneFlush, shape: HashShape): Promise<FlushOutcome> {
  const { lane, start, end, minutes, asofMs } = flush
  const [answer, detail = ''] = await cache.pingFlush(
    HASH,
    String(lane),
    formatPosition(start),
    formatPosition(end),
    String(end.seq - start.seq),
    asofMs === undefined ? '' : String(asofMs),
    String(shape.maxMinutes),
    String(Math.min(DROPPED_AT_ONCE, Math.floor(shape.maxMinutes / 10))),
    String(SHARED_FIELDS + FIELDS_PER_LANE * shape.lanes),
    ...[...minutes].flatMap(([minute, pings]) => [String(minute), String(pings)]),
  )
  if (answer === 'OK' || answer === 'ALREADY') return { kind: 'applied' }
  const to = answer === 'MOVED' ? parsePosition(detail) : undefined
  if (to) return { kind: 'moved', to }
  return answer === 'MALFORMED' ? { kind: 'malformed', field: detail } : { kind: 'incomplete', field: detail }
}
