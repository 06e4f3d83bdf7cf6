import type { Position } from '../terms/position.ts'
import type { Cache } from './connect.ts'
import { appliedField, asofField, CLAIM, FROM_THE_FIRST, HASH, minuteField, minuteOfField, MINUTES_FROM, MINUTES_TO, TOTAL } from './names.ts'
import { parsePosition } from './position.ts'

/** As the flush script reads numbers. */
const WHOLE = /^-?\d{1,16}$/

/** One lane in the cache. */
export interface LaneState {
  readonly applied: Position
  /** The cache's TIME in ms: every ping of the lane acknowledged before it is in. */
  readonly asofMs: number
}

/** The hash without its minutes, read at one instant. */
export interface HashState {
  readonly total: bigint
  /** The minutes in [minutesFrom, minutesTo) are complete; minutesFrom is −Infinity if none was left out. */
  readonly minutesFrom: number
  readonly minutesTo: number
  /** By lane number. */
  readonly lanes: readonly LaneState[]
}

/** The cache's clock, in ms. */
export async function readTimeMs(cache: Cache): Promise<number> {
  const [seconds, micros] = await cache.time()
  return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000)
}

/**
 * The hash without its minutes, or undefined if a field is missing or malformed, if it is claimed (nobody flushes
 * then), or if it was made for another number of lanes (the field of the lane after the last is asked for as well).
 */
export async function readHash(cache: Cache, lanes: number): Promise<HashState | undefined> {
  return (await readHashAndMinutes(cache, lanes, []))?.state
}

/** What one lane has applied, or undefined if the hash is not whole. */
export async function readApplied(cache: Cache, lane: number): Promise<Position | undefined> {
  return parsePosition((await unlessNoHash(cache.hget(HASH, appliedField(lane)))) ?? '')
}

/** As `readHash`, with the counts of some minutes, 0 for those that are not in the hash; one instant. Undefined as well if one is ill-formed. */
export async function readHashAndMinutes(
  cache: Cache,
  lanes: number,
  minutes: readonly number[],
): Promise<{ state: HashState; counts: readonly bigint[] } | undefined> {
  const perLane = Array.from({ length: lanes }, (_, lane) => [appliedField(lane), asofField(lane)]).flat()
  const fields = [CLAIM, appliedField(lanes), TOTAL, MINUTES_FROM, MINUTES_TO, ...perLane]
  const values = await unlessNoHash(cache.hmget(HASH, ...fields, ...minutes.map(minuteField)))
  if (!values) return undefined
  const [claim, oneMore, ...known] = values.slice(0, fields.length)
  const state = claim === null && oneMore === null ? parseHash(known, lanes) : undefined
  const counts = values.slice(fields.length).map(text => (text === null ? 0n : parseWhole(text)))
  return state && counts.every(count => count !== undefined) ? { state, counts } : undefined
}

export interface WholeHash {
  readonly state: HashState
  /** Malformed ones are not in it. */
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
  const own = new Set([TOTAL, MINUTES_FROM, MINUTES_TO, ...Array.from({ length: lanes }, (_, lane) => [appliedField(lane), asofField(lane)]).flat()])
  const minutes = new Map<number, bigint>()
  const foreign: string[] = []
  for (const [field, text] of Object.entries(all)) {
    const minute = minuteOfField(field)
    const count = parseWhole(text)
    if (minute !== undefined && count !== undefined) minutes.set(minute, count)
    if (minute === undefined && !own.has(field)) foreign.push(field)
  }
  return { state, minutes, foreign }
}

/**
 * How long ago every lane was complete, in ms, at the cache's own time. Infinity if a lane's `asof` is
 * ahead of it: the clock was set back, and that proves nothing.
 */
export function freshnessOf({ lanes }: HashState, timeMs: number): number {
  const ages = lanes.map(({ asofMs }) => timeMs - asofMs)
  return ages.some(age => age < 0) ? Infinity : Math.max(...ages)
}

/** False if somebody else wrote the total: it moves only together with what is applied. */
export function totalHolds({ total, lanes }: HashState): boolean {
  return total === lanes.reduce((sum, { applied }) => sum + applied.seq, 0n)
}

/** Undefined if something that is no hash is under the key: that is a loss like any other, and is healed like it. */
async function unlessNoHash<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('WRONGTYPE')) return undefined
    throw error
  }
}

function parseHash(values: readonly (string | null)[], lanes: number): HashState | undefined {
  const [totalText, fromText, toText, ...perLane] = values
  const total = parseWhole(totalText)
  const minutesFrom = fromText === FROM_THE_FIRST ? -Infinity : parseNumber(fromText)
  const minutesTo = parseNumber(toText)
  const states: LaneState[] = []
  for (let lane = 0; lane < lanes; lane++) {
    const applied = parsePosition(perLane[2 * lane] ?? '')
    const asofMs = parseNumber(perLane[2 * lane + 1])
    if (applied && asofMs !== undefined) states.push({ applied, asofMs })
  }
  if (total === undefined || minutesFrom === undefined || minutesTo === undefined || states.length < lanes) return undefined
  return { total, minutesFrom, minutesTo, lanes: states }
}

function parseWhole(text: string | null | undefined): bigint | undefined {
  return text && WHOLE.test(text) ? BigInt(text) : undefined
}

function parseNumber(text: string | null | undefined): number | undefined {
  const whole = parseWhole(text)
  return whole === undefined ? undefined : Number(whole)
}
