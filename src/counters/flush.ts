import type { Position } from '../terms/position.ts'
import type { Cache } from './connect.ts'
import { HASH } from './names.ts'
import { formatPosition, parsePosition } from './position.ts'

/** The most distinct minutes of one flush: the script hands them to one HSET as arguments. */
export const MAX_MINUTES_PER_FLUSH = 1_000
/** Minutes dropped at once when the hash holds too many. */
const DROPPED_AT_ONCE = 200
/** `total`, `minutes-from`, `minutes-to`; and of each lane `applied` and `asof`. */
const SHARED_FIELDS = 3
const FIELDS_PER_LANE = 2

/** What is to be written for one lane: from where it must be, to where it then is. */
export interface LaneFlush {
  readonly lane: number
  readonly start: Position
  readonly end: Position
  /** Pings between start and end by minute; at most `MAX_MINUTES_PER_FLUSH` minutes. */
  readonly minutes: ReadonlyMap<number, number>
  /** The cache's TIME up to which the lane is then complete, or undefined to leave it. In ms. */
  readonly asofMs: number | undefined
}

export interface HashShape {
  /** The number of lanes, as the database has it. */
  readonly lanes: number
  /** The most minutes that the hash may hold. */
  readonly maxMinutes: number
}

/** What the cache answered. Applied: it is at the end, by this flush or an earlier try of it. */
export type FlushOutcome =
  | { readonly kind: 'applied' }
  | { readonly kind: 'moved'; readonly to: Position }
  | { readonly kind: 'incomplete' | 'malformed'; readonly field: string }

/** Writes one lane by compare-and-set. A rejection leaves open whether it was written: try again, or ask. */
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
