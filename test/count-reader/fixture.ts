import { randomUUID } from 'node:crypto'
import type { Cache } from '../../src/counters/connect.ts'
import { readTimeMs } from '../../src/counters/hash.ts'
import { HASH } from '../../src/counters/names.ts'
import { rebuild } from '../../src/counters/rebuild.ts'
import { connectClient } from '../../src/ledger/connect.ts'
import { migrate } from '../../src/ledger/migrate.ts'
import { Pool } from '../../src/ledger/pool.ts'
import { recordBatch } from '../../src/ledger/record.ts'
import { readCounts } from '../../src/ledger/snapshot.ts'
import type { Client, ClientConfig } from '../../src/postgres/pg-types.ts'
import { createLogger, type Logger } from '../../src/runtime/logger.ts'
import { CountReader } from '../../src/server/count-reader/count-reader.ts'
import { connectCache } from '../counters/caches.ts'

export const LANES = 3
/** Longer than a busy machine stops. */
export const PATIENT_MS = 20_000
const silent = createLogger({ name: 'test', level: 'silent' })

/** A count reader as a server has it, on a migrated database and a cache that only the test writes. */
export interface ReaderFixture {
  readonly pool: Pool
  readonly cache: Cache
  readonly ledger: Client
  readonly reader: CountReader
  /** For each read of the cache that could not be used, the reason. */
  readonly notUsed: string[]
  /** Messages logged at level error, and at level warn. */
  readonly errors: string[]
  readonly warnings: string[]
  /** Another server on the same stores. `cacheTimeoutMs`: undefined is what a server takes. Default: enough for a busy machine. */
  secondReader(options?: { cacheTimeoutMs: number | undefined }): CountReader
  /** Records pings in a lane. */
  record(lane: number, timesMs: readonly number[]): Promise<void>
  /** Rebuilds the cache from the ledger, with asof this long ago. */
  fill(options?: { ageMs?: number; maxMinutes?: number }): Promise<void>
  setAsof(lane: number, ageMs: number): Promise<void>
  /** Of all lanes. Default: 0. */
  setAsofs(ageMs?: number): Promise<void>
  close(): Promise<void>
}

export async function readerFixture(config: ClientConfig, redisUrl: string): Promise<ReaderFixture> {
  await migrate(config, { lanes: LANES, log: silent })
  const pool = new Pool(config, { applicationName: 'test-reader', max: 4, log: silent, queryTimeoutMs: PATIENT_MS })
  const ledger = await connectClient(config, 'test')
  const cache = await connectCache(redisUrl, PATIENT_MS)
  await cache.flushall()
  const notUsed: string[] = []
  const errors: string[] = []
  const warnings: string[] = []
  const log = {
    error: (_: unknown, message: string) => errors.push(message),
    warn: (_: unknown, message: string) => warnings.push(message),
  } as unknown as Logger
  const metrics = { countAnswered: () => undefined, cacheNotUsed: (reason: string) => void notUsed.push(reason) }
  const reader = ({ cacheTimeoutMs }: { cacheTimeoutMs: number | undefined } = { cacheTimeoutMs: PATIENT_MS }) =>
    new CountReader({ pool, cache, log, metrics, cacheTimeoutMs, databaseTimeoutMs: PATIENT_MS })
  const setAsof = async (lane: number, ageMs: number) =>
    void (await cache.hset(HASH, `asof:${lane}`, String((await readTimeMs(cache)) - ageMs)))
  const setAsofs = async (ageMs = 0) => {
    for (let lane = 0; lane < LANES; lane++) await setAsof(lane, ageMs)
  }
  return {
    pool,
    cache,
    ledger,
    reader: reader(),
    secondReader: reader,
    notUsed,
    errors,
    warnings,
    record: async (lane, timesMs) => {
      const pings = timesMs.map(time => ({ id: randomUUID(), timestampMs: BigInt(time) }))
      await recordBatch(
        ledger,
        [lane],
        pings.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
      )
    },
    fill: async ({ ageMs = 0, maxMinutes = 10_080 } = {}) => {
      await rebuild(cache, window => readCounts(pool, window), maxMinutes)
      const lanes = Object.keys(await cache.hgetall(HASH)).filter(field => field.startsWith('asof:')).length
      for (let lane = 0; lane < lanes; lane++) await setAsof(lane, ageMs)
    },
    setAsof,
    setAsofs,
    close: async () => {
      cache.disconnect()
      await ledger.end().catch(() => undefined)
      await pool.end()
    },
  }
}
