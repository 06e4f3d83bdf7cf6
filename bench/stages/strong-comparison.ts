import type { Bench } from '../bench.ts'
import { mergeRuns, type Cell, type CellRun } from '../cells.ts'
import { connectRequest } from '../load/http-connection.ts'
import { whole } from '../table.ts'
import { loadCell } from './load-cell.ts'

/** The strong total on few and on many rows. */
export interface StrongComparison {
  readonly smallRows: number
  readonly largeRows: number
  readonly cells: readonly Cell[]
}

export interface StrongServer {
  readonly port: number
  readonly rows: number
}

const CONNECTIONS = [1, 64]
/** Small and large take turns this often, so that a slow moment of the machine meets both. */
const TURNS = 4
const TURN_MS = 500

/** Measures strong totals on a small and on a large ledger, turn by turn. */
export async function compareStrong(bench: Bench, servers: { readonly small: StrongServer; readonly large: StrongServer }): Promise<StrongComparison> {
  const request = connectRequest('PingCount', { consistency: 'CONSISTENCY_STRONG' })
  const cells: Cell[] = []
  for (const connections of CONNECTIONS) {
    const runs = { small: [] as CellRun[], large: [] as CellRun[] }
    for (let turn = 0; turn < TURNS; turn++) {
      for (const size of ['small', 'large'] as const) {
        const target = { port: servers[size].port, pids: {}, settle: async () => undefined }
        const run = await loadCell(bench, target, { request, connections, measureMs: TURN_MS })
        if (turn > 0) runs[size].push(run) // the first turn warms up
      }
    }
    cells.push(mergeRuns('small', connections, runs.small), mergeRuns('large', connections, runs.large))
  }
  const [smallRows, largeRows] = [servers.small.rows, servers.large.rows]
  bench.progress(`strong total on ${whole(smallRows)} and ${whole(largeRows)} rows: ${cells.map(cell => `${whole(cell.requestsPerSecond)}/s`).join(', ')}`)
  return { smallRows, largeRows, cells }
}
