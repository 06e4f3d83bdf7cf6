import type { Position } from '../terms/position.ts'
import type { Cache } from './connect.ts'
import {
  appliedField,
  asofField,
  CLAIM,
  FROM_THE_FIRST,
  HASH,
  minuteField,
  minuteOfField,
  MINUTES_FROM,
  MINUTES_TO,
  TOTAL,
} from './names.ts'
import { parseInteger } from './parse-integer.ts'
import { parsePosition } from './position.ts'

/** One lane in the cache. */
export interface LaneState {
  readonly applied: Position
  /** The cache's TIME in ms: every ping of the lane that was acknowledged before it is counted. */
  readonly asofMs: number
}

/** The hash without its minutes, read at one instant. */
export interface HashState {
  readonly total: bigint
  /** The minutes in [minutesFrom, minutesTo) are complete; minutesFrom is −Infinity if no minute was omitted. */
  readonly minutesFrom: number
  readonly minutesTo: number
  /** By lane number. */
  readonly lanes: readonly LaneState[]
}

/** The cache's clock, in ms, rounded down: as `asof`, it promises no ping too many. */
export async function readTimeMs(cache: Cache): Promise<number> {
  return Math.floor(toMs(await cache.time()))
}

function toMs([seconds, micros]: readonly (string | number)[]): number {
  return Number(seconds) * 1000 + Number(micros) / 1000
}

/**
 * The hash without its minutes, or undefined if a field is missing or malformed, if it is claimed (no processor flushes
 * then), or if it is for another number of lanes (the field of the lane after the last must not exist).
 */
export async function readHash(cache: Cache, lanes: number): Promise<HashState | undefined> {
  return (await readHashAndMinutes(cache, lanes, []))?.state
}

/** What one lane has applied, or undefined if the hash is not whole. */
export async function readApplied(cache: Cache, lane: number): Promise<Position | undefined> {
  return parsePosition((await unlessNoHash(cache.hget(HASH, appliedField(lane)))) ?? '')
}

/** The hash with the counts of some minutes, read at one instant. */
export interface HashAndMinutes {
  readonly state: HashState
  /** In the order of the request; 0 for minutes that are not in the hash. */
  readonly counts: readonly bigint[]
}

/** As `readHash`, with the counts of some minutes. Also undefined if one of them is malformed. */
export async function readHashAndMinutes(cache: Cache, lanes: number, minutes: readonly number[]): Promise<HashAndMinutes | undefined> {
  const values = await unlessNoHash(cache.hmget(HASH, ...fieldsOf(lanes), ...minutes.map(minuteField)))
  return values && parseHashAndMinutes(values, lanes)
}

/** What one round trip reads of the hash. */
export interface HashLook<Read> {
  /** Undefined as in `readHash`. */
  readonly hash: Read | undefined
  /** The cache's clock, read after the hash. In ms, rounded up, so that no age since an `asof` is too small. */
  readonly timeMs: number
}

/** `readHashAndMinutes`, then the clock, and the number of fields of the hash, including foreign ones. */
export async function lookAtHash(
  cache: Cache,
  lanes: number,
  minutes: readonly number[],
): Promise<HashLook<HashAndMinutes> & { readonly fields: number }> {
  const fields = minutes.length === 0 ? fieldsOf(lanes) : [...fieldsOf(lanes), ...minutes.map(minuteField)]
  const [values, time, length] = await answersOf(
    cache
      .pipeline()
      .hmget(HASH, ...fields)
      .time()
      .hlen(HASH),
  )
  const hash = values === undefined ? undefined : parseHashAndMinutes(values as (string | null)[], lanes)
  return { hash, timeMs: Math.ceil(toMs(time as [string, string])), fields: Number(length ?? 0) }
}

/** The hash with all its minutes, read at one instant. */
export interface HashWithMinutes {
  readonly state: HashState
  /** Undefined if one is malformed. */
  readonly minutes: ReadonlyMap<number, number> | undefined
}

/** The whole hash, then the clock. Foreign fields are ignored. */
export async function lookAtWholeHash(cache: Cache, lanes: number): Promise<HashLook<HashWithMinutes>> {
  const [pairs, time] = await answersOf(cache.pipeline().call('HGETALL', HASH).time())
  return { hash: pairs === undefined ? undefined : parsePairs(pairs as string[], lanes), timeMs: Math.ceil(toMs(time as [string, string])) }
}

export interface WholeHash {
  readonly state: HashState
  /** Malformed minutes are not in it. */
  readonly minutes: ReadonlyMap<number, bigint>
  /** Fields that Ping does not write. */
  readonly foreign: readonly string[]
}

/** The whole hash, read at one instant, or undefined as in `readHash`. */
export async function readWholeHash(cache: Cache, lanes: number): Promise<WholeHash | undefined> {
  const all = await unlessNoHash(cache.hgetall(HASH))
  if (!all) return undefined
  const value = (field: string) => all[field] ?? null
  const perLane = Array.from({ length: lanes }, (_, lane) => [value(appliedField(lane)), value(asofField(lane))]).flat()
  const state = parseHash([value(TOTAL), value(MINUTES_FROM), value(MINUTES_TO), ...perLane], lanes)
  if (!state || CLAIM in all || appliedField(lanes) in all) return undefined
  const own = new Set([
    TOTAL,
    MINUTES_FROM,
    MINUTES_TO,
    ...Array.from({ length: lanes }, (_, lane) => [appliedField(lane), asofField(lane)]).flat(),
  ])
  const minutes = new Map<number, bigint>()
  const foreign: string[] = []
  for (const [field, text] of Object.entries(all)) {
    const minute = minuteOfField(field)
    const count = parseCount(text)
    if (minute !== undefined && count !== undefined) minutes.set(minute, count)
    if (minute === undefined && !own.has(field)) foreign.push(field)
  }
  return { state, minutes, foreign }
}

/**
 * How long ago every lane was complete, in ms, by the cache's own clock. Infinity if the `asof` of a lane is
 * ahead of the clock: the clock was set back, and that proves nothing.
 */
export function freshnessOf({ lanes }: HashState, timeMs: number): number {
  const ages = lanes.map(({ asofMs }) => timeMs - asofMs)
  return ages.some(age => age < 0) ? Infinity : Math.max(...ages)
}

/** False if something other than Ping wrote the total: it changes only together with what is applied. */
export function totalHolds({ total, lanes }: HashState): boolean {
  return total === lanes.reduce((sum, { applied }) => sum + applied.seq, 0n)
}

/** Undefined if the key is not a hash: that is a loss like any other, and is repaired like it. */
async function unlessNoHash<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (isNoHash(error)) return undefined
    throw error
  }
}

/** The answers of a pipeline, which is sent in one write; undefined for a command that found that the key is not a hash. */
async function answersOf(pipeline: ReturnType<Cache['pipeline']>): Promise<readonly unknown[]> {
  const results = await pipeline.exec()
  return (results ?? []).map(([error, answer]) => {
    if (error === null) return answer
    if (isNoHash(error)) return undefined
    throw error
  })
}

function isNoHash(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('WRONGTYPE')
}

let fieldsForLanes: { readonly lanes: number; readonly fields: readonly string[] } | undefined

/** The fields that are not minutes, in the order of `parseHashAndMinutes`. */
function fieldsOf(lanes: number): readonly string[] {
  if (fieldsForLanes?.lanes !== lanes) {
    const perLane = Array.from({ length: lanes }, (_, lane) => [appliedField(lane), asofField(lane)]).flat()
    fieldsForLanes = { lanes, fields: [CLAIM, appliedField(lanes), TOTAL, MINUTES_FROM, MINUTES_TO, ...perLane] }
  }
  return fieldsForLanes.fields
}

/** The values of `fieldsOf`, and those of minutes. */
function parseHashAndMinutes(values: readonly (string | null)[], lanes: number): HashAndMinutes | undefined {
  const known = fieldsOf(lanes).length
  const [claim, oneMore, ...rest] = values.slice(0, known)
  const state = claim === null && oneMore === null ? parseHash(rest, lanes) : undefined
  const counts = values.slice(known).map(text => (text === null ? 0n : parseCount(text)))
  return state && counts.every(count => count !== undefined) ? { state, counts } : undefined
}

/** Field, value, field, value … of a whole hash. */
function parsePairs(pairs: readonly string[], lanes: number): HashWithMinutes | undefined {
  const others = new Map<string, string>()
  const minutes = new Map<number, number>()
  let wellFormed = true
  for (let index = 0; index < pairs.length; index += 2) {
    const [field, text] = [pairs[index]!, pairs[index + 1]!]
    const minute = minuteOfField(field)
    if (minute === undefined) {
      others.set(field, text)
      continue
    }
    const count = parseInteger(text)
    if (count === undefined) wellFormed = false
    else minutes.set(minute, count)
  }
  const state = parseHashAndMinutes(
    fieldsOf(lanes).map(field => others.get(field) ?? null),
    lanes,
  )?.state
  return state && { state, minutes: wellFormed ? minutes : undefined }
}

function parseHash(values: readonly (string | null)[], lanes: number): HashState | undefined {
  const [totalText, fromText, toText, ...perLane] = values
  const total = parseCount(totalText)
  const minutesFrom = fromText === FROM_THE_FIRST ? -Infinity : parseInteger(fromText)
  const minutesTo = parseInteger(toText)
  const states: LaneState[] = []
  for (let lane = 0; lane < lanes; lane++) {
    const applied = parsePosition(perLane[2 * lane] ?? '')
    const asofMs = parseInteger(perLane[2 * lane + 1])
    if (applied && asofMs !== undefined) states.push({ applied, asofMs })
  }
  if (total === undefined || minutesFrom === undefined || minutesTo === undefined || states.length < lanes) return undefined
  return { total, minutesFrom, minutesTo, lanes: states }
}

function parseCount(text: string | null | undefined): bigint | undefined {
  const count = parseInteger(text)
  return count === undefined ? undefined : BigInt(count)
}
