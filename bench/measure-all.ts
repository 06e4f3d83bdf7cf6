import type { Bench } from './bench.ts'
import { startStateless } from './contenders/contender.ts'
import { startNats } from './contenders/start-nats.ts'
import { PROFILED, startPing } from './contenders/start-ping.ts'
import { startPlain } from './contenders/start-plain.ts'
import { startInserts, startPgmq } from './contenders/start-sql.ts'
import { describeMachine } from './parts/machine.ts'
import type { Figures } from './report/figures.ts'
import { measureBulk } from './stages/bulk.ts'
import { measureCounts } from './stages/counts.ts'
import { measureFreshness } from './stages/freshness.ts'
import { measureNpmStart } from './stages/npm-start.ts'
import { measurePings } from './stages/pings.ts'
import { searchPoolSize } from './stages/pool-search.ts'
import { measureProcessor } from './stages/processor-speed.ts'
import { measureTracing } from './stages/tracing.ts'

/** Used without a search. */
const DEFAULT_POOL_SIZE = 16
/** Numbers of databases of the cache; 0 is the plain way's. */
const CACHE_DB = { pings: 1, freshness: 2, processor: 3, counts: 4, bulk: 6, tracing: 8 }

/** Runs the requested sections one after the other. */
export async function measureAll(bench: Bench): Promise<Omit<Figures, 'at' | 'tookSeconds' | 'usedByOthers' | 'profiles' | 'invalid'>> {
  const { options, parts } = bench
  const wants = (section: (typeof options.only)[number]): boolean => options.only.includes(section)
  const machine = await describeMachine(parts)
  const start = wants('start') ? await measureNpmStart(bench) : undefined
  const poolSearch = wants('c') ? await searchPoolSize(bench) : undefined
  const poolSize = poolSearch?.best ?? DEFAULT_POOL_SIZE
  const pings = await measurePings(bench, {
    a: startStateless('a', 'bare.ts'),
    b: startStateless('b', 'no-op.ts'),
    c: () => startPlain(bench, 'plain', poolSize),
    d: () => startPing(bench, PROFILED, CACHE_DB.pings),
    e: () => startInserts(bench),
    f: () => startNats(bench),
    g: () => startPgmq(bench),
  })
  const bulk = wants('bulk') ? await measureBulk(bench, CACHE_DB.bulk) : undefined
  const freshness = wants('freshness') ? await measureFreshness(bench, CACHE_DB.freshness) : undefined
  const processor = wants('processor') ? await measureProcessor(bench, CACHE_DB.processor) : undefined
  const counts = wants('count') ? await measureCounts(bench, { poolSize, cacheDb: CACHE_DB.counts }) : undefined
  const tracing = wants('tracing') ? await measureTracing(bench, CACHE_DB.tracing) : undefined
  return { options, machine, poolSearch, pings, bulk, counts, processor, freshness, tracing, start }
}
