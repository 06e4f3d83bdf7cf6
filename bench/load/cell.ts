import type { CpuSeconds } from '../measuring/cpu.ts'
import { LatencyHistogram, mean, sum } from '../measuring/statistics.ts'
import type { LoadResult } from './load-order.ts'

/** One load run. */
export interface CellRun {
  readonly result: LoadResult
  /** CPU seconds from the first request until the contender had settled; undefined without /proc. */
  readonly cpu: CpuSeconds | undefined
}

/** One figure: a contender at a number of connections. */
export interface Cell {
  /** Which contender, or which question. */
  readonly contender: string
  readonly connections: number
  readonly requestsPerSecond: number
  /** The same in each turn: their spread is the noise. */
  readonly ofTurns: readonly number[]
  readonly p50Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
  /** CPU µs per answered request, by process tree, including what follows the answer (publish, count). */
  readonly cpuUsPerRequest: CpuSeconds | undefined
  /** The CPU µs per request of all parts, in each turn; empty without /proc. */
  readonly cpuUsOfTurns: readonly number[]
  /** CPU µs of the load generator per request. */
  readonly generatorUs: number
  /** The load generator's share of one core: near 1 it is the bottleneck. */
  readonly generatorLoad: number
  readonly answered: number
  readonly failed: number
  readonly firstFailure: string | undefined
}

/** Merges the runs of one cell, as if they had been one long run. */
export function mergeRuns(contender: string, connections: number, runs: readonly CellRun[]): Cell {
  const total = (pick: (result: LoadResult) => number): number => runs.reduce((sum, run) => sum + pick(run.result), 0)
  const latencies = runs.reduce((merged, run) => merged.merge(new LatencyHistogram(run.result.latencies)), new LatencyHistogram())
  return {
    contender,
    connections,
    ofTurns: runs.map(({ result }) => (result.measured / result.measuredMs) * 1000),
    requestsPerSecond: (total(result => result.measured) / total(result => result.measuredMs)) * 1000,
    p50Ms: latencies.percentile(0.5) / 1000,
    p99Ms: latencies.percentile(0.99) / 1000,
    p999Ms: latencies.percentile(0.999) / 1000,
    cpuUsPerRequest: cpuUsPerRequest(
      runs,
      total(result => result.answered),
    ),
    cpuUsOfTurns: runs.flatMap(({ cpu, result }) => (cpu === undefined ? [] : [(sum(Object.values(cpu)) * 1e6) / result.answered])),
    generatorUs: (total(result => result.generatorLoad * result.measuredMs) * 1000) / total(result => result.measured),
    generatorLoad: mean(runs.map(run => run.result.generatorLoad)),
    answered: total(result => result.answered),
    failed: total(result => result.failed),
    firstFailure: runs.map(run => run.result.firstFailure).find(failure => failure !== undefined),
  }
}

function cpuUsPerRequest(runs: readonly CellRun[], answered: number): CpuSeconds | undefined {
  const measured = runs.map(run => run.cpu).filter(cpu => cpu !== undefined)
  const [first] = measured
  if (first === undefined || measured.length < runs.length) return undefined
  return Object.fromEntries(Object.keys(first).map(name => [name, (sum(measured.map(cpu => cpu[name] ?? 0)) * 1e6) / answered]))
}

/** CPU µs per request of all parts together, without the load generator; undefined without /proc. */
export function cpuOfAll({ cpuUsPerRequest }: Cell): number | undefined {
  return cpuUsPerRequest && sum(Object.values(cpuUsPerRequest))
}
