import type { Bench } from '../bench.ts'
import type { LoadResult, LoopOrder } from '../load/messages.ts'
import type { CellRun } from '../measuring/cell.ts'
import { cpuBetween, readCpu, type PostgresOf } from '../measuring/cpu.ts'

const WARM_UP_MS = 300

/** What a load is put on. */
export interface LoadTarget {
  /** 0 where it is not asked by HTTP. */
  readonly port: number
  /** The process trees whose CPU time is told, by name. */
  readonly pids: Readonly<Record<string, number | PostgresOf>>
  /** Puts the load on what is not asked by HTTP. */
  readonly run?: (order: LoopOrder) => Promise<LoadResult>
  /** Resolves when all that was answered has got to where it belongs; says so if that takes too long. */
  settle(): Promise<void>
}

/**
 * Puts load on a server. Its CPU time counts from the first request until the server has settled: what a ping
 * causes after its answer (publishing, counting) is part of its price.
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
