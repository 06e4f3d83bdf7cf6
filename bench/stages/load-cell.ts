import type { Bench } from '../bench.ts'
import type { CellRun } from '../cells.ts'
import { cpuBetween, readCpu } from '../cpu.ts'

const WARM_UP_MS = 300

/** What a load is put on. */
export interface LoadTarget {
  readonly port: number
  readonly pids: Readonly<Record<string, number>>
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
  const before = readCpu(target.pids)
  const result = await bench.generator.run({
    port: target.port,
    request: load.request.toString('latin1'),
    connections: load.connections,
    warmUpMs: WARM_UP_MS,
    measureMs: load.measureMs,
  })
  await target.settle()
  const after = readCpu(target.pids)
  return { result, cpu: before && after && cpuBetween(before, after) }
}
