import { Redis } from 'ioredis'
import { HASH, TOTAL } from '../../src/counters/names.ts'
import { wait } from '../../src/runtime/wait.ts'
import type { Bench } from '../bench.ts'
import { plainClient } from '../parts/plain-client.ts'
import type { PingPlace } from './ping-programs.ts'

const LOOK_EVERY_MS = 10
/** How often to look. Nothing is timed meanwhile, but the cost of looking counts as the cost of a ping. */
const SETTLE_LOOK_EVERY_MS = 50
const LIMIT_MS = 30_000

/** How far pings have got. */
export interface Progress {
  /** The sum of the heads. */
  readonly recorded: number
  readonly published: number
  /** The total in the cache. */
  readonly counted: number
  /** Whether the cache has been filled at all. */
  readonly hasCache: boolean
}

/** Reads Ping's database and cache from outside. */
export interface PingState {
  readonly cache: Redis
  read(): Promise<Progress>
  /** Reads every few ms until `holds` is true, and returns what it read; throws if that takes too long. */
  until(holds: (progress: Progress) => boolean): Promise<Progress>
  /** Resolves when everything recorded is published and counted; complains if that takes too long. */
  settle(): Promise<void>
  close(): Promise<void>
}

const PROGRESS = {
  name: 'bench_progress',
  text: `select sum(published_seq) as published,
      sum((select coalesce(max(seq), 0) from pings where lane = l.lane)) as recorded
    from ping_lanes l`,
}

/** Opens one connection to each; the pings' tables must exist before the first look. */
export async function watchPing(bench: Bench, place: PingPlace): Promise<PingState> {
  const client = plainClient(place.database.url)
  client.on('error', () => undefined)
  await client.connect()
  const cache = new Redis({ port: bench.parts.cache.port, host: '127.0.0.1', db: place.cacheDb })
  cache.on('error', () => undefined)
  const read = async (): Promise<Progress> => {
    const [{ rows }, total] = await Promise.all([client.query(PROGRESS), cache.hget(HASH, TOTAL)])
    return {
      recorded: Number(rows[0].recorded),
      published: Number(rows[0].published),
      counted: Number(total ?? 0),
      hasCache: total !== null,
    }
  }
  const close = async (): Promise<void> => {
    await cache.flushdb().catch(() => undefined)
    cache.disconnect()
    await client.end()
  }
  return { cache, read, close, until: holds => until(place.name, read, holds), settle: () => settle(bench, place.name, read) }
}

async function until(
  name: string,
  read: () => Promise<Progress>,
  holds: (progress: Progress) => boolean,
  everyMs = LOOK_EVERY_MS,
): Promise<Progress> {
  const deadline = Date.now() + LIMIT_MS
  for (;;) {
    const progress = await read()
    if (holds(progress)) return progress
    if (Date.now() > deadline) throw new Error(`${name}: not reached after ${LIMIT_MS} ms: ${JSON.stringify(progress)}`)
    await wait(everyMs)
  }
}

async function settle(bench: Bench, name: string, read: () => Promise<Progress>): Promise<void> {
  await until(name, read, ({ recorded, published, counted }) => published === recorded && counted === recorded, SETTLE_LOOK_EVERY_MS).catch(
    (error: Error) => bench.complain(`not everything recorded is published and counted: ${error.message}`),
  )
}
