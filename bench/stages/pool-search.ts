import type { Bench } from '../bench.ts'
import { loadCell } from '../contenders/load-cell.ts'
import { startPlain } from '../contenders/start-plain.ts'
import { whole } from '../table.ts'
import { pingRequest } from './pings.ts'

const CONNECTIONS = 64
/** Enough for the hot code to be compiled; the same for all sizes. */
const WARM_UP_MS = 1_000
const MEASURE_MS = 1_000

/** The plain way's requests per second at 64 connections, by pool size, and the best size. */
export interface PoolSearch {
  readonly best: number
  readonly requestsPerSecond: Readonly<Record<number, number>>
}

/** Tries pool sizes for the plain way, so that Ping is not compared with a badly tuned one. A single size is used without a trial. */
export async function searchPoolSize(bench: Bench): Promise<PoolSearch> {
  const [only, ...others] = bench.options.poolSizes
  if (only !== undefined && others.length === 0) return { best: only, requestsPerSecond: {} }
  const rates: [number, number][] = []
  for (const size of bench.options.poolSizes) {
    const contender = await startPlain(bench, `plain_pool_${size}`, size)
    try {
      const request = pingRequest()
      await loadCell(bench, contender, { request, connections: CONNECTIONS, measureMs: WARM_UP_MS })
      const { result } = await loadCell(bench, contender, { request, connections: CONNECTIONS, measureMs: MEASURE_MS })
      rates.push([size, (result.measured / result.measuredMs) * 1000])
    } finally {
      await contender.stop()
    }
  }
  const [best] = rates.reduce((a, b) => (b[1] > a[1] ? b : a))
  bench.progress(`(c) pool sizes: ${rates.map(([size, rate]) => `${size}: ${whole(rate)}/s`).join(', ')}; best: ${best}`)
  return { best, requestsPerSecond: Object.fromEntries(rates) }
}
