import { afterAll, beforeAll, beforeEach, describe } from 'vitest'
import { createCache, type Cache } from '../../src/counters/connect.ts'
import { compareAndSet, type FlushOutcome, type LaneFlush } from '../../src/counters/flush.ts'
import { HASH } from '../../src/counters/names.ts'
import { createLogger } from '../../src/runtime/logger.ts'
import { START, type Position } from '../../src/terms/position.ts'
import { cacheKinds, startCache, type TestRedis } from '../support/redis.ts'

export const silent = createLogger({ name: 'test', level: 'silent' })

export interface CacheUnderTest {
  readonly server: TestRedis
  readonly cache: Cache
  /** Another connection, for a second processor. */
  connect(): Promise<Cache>
}

/** Everything that Ping asks of a cache is asked of a real Redis and of the stand-in, each empty before every test. */
export function describeCaches(title: string, tests: (cache: () => CacheUnderTest) => void): void {
  describe.each(cacheKinds())(`${title} (%s)`, kind => withCache(() => startCache(kind), tests))
}

function withCache(start: () => Promise<TestRedis>, tests: (cache: () => CacheUnderTest) => void): void {
  const opened: Cache[] = []
  let server: TestRedis
  let cache: Cache
  const connect = async () => {
    const made = await connectCache(server.url)
    opened.push(made)
    return made
  }
  beforeAll(async () => {
    server = await start()
    cache = await connect()
  })
  afterAll(async () => {
    for (const each of opened) each.disconnect()
    await server.stop()
  })
  beforeEach(async () => {
    await cache.flushall()
  })
  tests(() => ({ server, cache, connect }))
}

/** A connection that is ready. */
export async function connectCache(url: string, commandTimeoutMs = 10_000): Promise<Cache> {
  const { hostname, port } = new URL(url)
  const cache = createCache({ host: hostname, port: Number(port) }, { log: silent, commandTimeoutMs })
  await new Promise(resolve => cache.once('ready', resolve))
  return cache
}

/** A tag beyond what a double holds exactly. */
export const BIG_TAG = 9_223_372_036_854_775_807n

/** A whole hash of `lanes` lanes: lane 0 at `applied`, the others empty; minutes complete in [from, to). */
export async function plantHash(
  cache: Cache,
  options: {
    lanes?: number
    applied?: Position
    total?: bigint
    from?: string
    to?: number
    asof?: number
    minutes?: Readonly<Record<number, number>>
  } = {},
): Promise<void> {
  const { lanes = 2, applied = START, from = '-', to = 1_000_000, asof = 1_000, minutes = {} } = options
  const fields: Record<string, string> = { total: String(options.total ?? applied.seq), 'minutes-from': from, 'minutes-to': String(to) }
  for (let lane = 0; lane < lanes; lane++) {
    fields[`applied:${lane}`] = lane === 0 ? `${applied.seq}:${applied.tag}` : '0:0'
    fields[`asof:${lane}`] = String(asof)
  }
  for (const [minute, count] of Object.entries(minutes)) fields[`minute:${minute}`] = String(count)
  await cache.del(HASH)
  await cache.hset(HASH, fields)
}

/** A flush of lane 0 from `start` on, one ping for each of `minutes`. */
export function laneFlush(
  start: Position,
  minutes: readonly number[],
  options: { tag?: bigint; asofMs?: number; lane?: number } = {},
): LaneFlush {
  const counts = new Map<number, number>()
  for (const minute of minutes) counts.set(minute, (counts.get(minute) ?? 0) + 1)
  const end = minutes.length === 0 ? start : { seq: start.seq + BigInt(minutes.length), tag: options.tag ?? BIG_TAG }
  return { lane: options.lane ?? 0, start, end, minutes: counts, asofMs: options.asofMs }
}

export async function flush(
  cache: Cache,
  laneFlushed: LaneFlush,
  options: { lanes?: number; maxMinutes?: number } = {},
): Promise<FlushOutcome> {
  return compareAndSet(cache, laneFlushed, { lanes: options.lanes ?? 2, maxMinutes: options.maxMinutes ?? 10_080 })
}

export async function hash(cache: Cache): Promise<Readonly<Record<string, string>>> {
  return cache.hgetall(HASH)
}

/** The minutes that the hash holds, ascending. */
export async function minutesHeld(cache: Cache): Promise<readonly number[]> {
  return Object.keys(await hash(cache))
    .filter(field => field.startsWith('minute:'))
    .map(field => Number(field.slice('minute:'.length)))
    .toSorted((a, b) => a - b)
}
