import type { Bench } from '../bench.ts'
import type { CellRun } from '../load/cell.ts'
import type { LoadResult, LoopOrder } from '../load/load-order.ts'
import { cpuBetween, readCpu, type PostgresOf } from '../measuring/cpu.ts'

const WARM_UP_MS = 300

/** The target of a load. */
export interface LoadTarget {
  /** 0 if it is not called by HTTP. */
  readonly port: number
  /** The process trees whose CPU time is reported, by name. */
  readonly pids: Readonly<Record<string, number | PostgresOf>>
  /** Runs the load on a target that is not called by HTTP. */
  readonly run?: (order: LoopOrder) => Promise<LoadResult>
  /** Resolves when everything answered has been processed completely; complains if that takes too long. */
  settle(): Promise<void>
}

/**
 * Runs load on a server. Its CPU time counts from the first request until the server has settled: what a ping
 * causes after its answer (publishing, counting) is part of its cost.
 */
export async function loadCell(
  bench: Bench,
  target: LoadTarget,
  load: { readonly request: Buffer; readonly connections: number; readonly measureMs: number },
): Promise<CellRun> {
  const { pids, run = order => bench.generator.run({ ...order, port: target.port, request: load.request.toString('latin1') }) } = target
  const before = readCpu(pids)
  const result = await run({ connections: load.connections, warmUpMs: WARM_UP_MS, measureMs: load.measureMs })
  await target.settle()
  const after = readCpu(pids)
  return { result, cpu: before && after && cpuBetween(before, after) }
}
