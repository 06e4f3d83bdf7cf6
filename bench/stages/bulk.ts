import type { Bench } from '../bench.ts'
import { programFile } from '../contenders/contender.ts'
import type { LoadTarget } from '../contenders/load-cell.ts'
import type { BatchOrder, CopyOrder } from '../contenders/orders.ts'
import { startPing } from '../contenders/start-ping.ts'
import { countRows } from '../contenders/start-plain.ts'
import type { Cell } from '../load/cell.ts'
import { startIpcChild } from '../load/ipc-child.ts'
import { runOrder } from '../load/load-generator.ts'
import { createLedger } from '../parts/databases.ts'
import { whole } from '../table.ts'
import { takeTurns, type Entrant } from './turns.ts'

/** Many rows a call: Ping's PingBatch against COPY. Every figure of a cell is for one row, but for the latencies, which are of calls. */
export interface Bulk {
  readonly cells: readonly BulkCell[]
}

export interface BulkCell extends Cell {
  readonly contender: 'copy' | 'batch'
  readonly rowsPerCall: number
}

/** Together few enough that Ping refuses none (MAX_QUEUE_LENGTH). */
const LOADS = [
  { rows: 1_000, connections: [1, 4] },
  { rows: 10_000, connections: [1] },
]
const TURNS = 2
const MAX_MS = 2_000
const WARM_UP = { connections: 1, turns: 1 }

/** Measures COPY of rows into a table with the columns and indexes of Ping's, and PingBatch with as many pings. */
export async function measureBulk(bench: Bench, cacheDb: number): Promise<Bulk> {
  const database = await createLedger(bench.parts, 'bulk_copy')
  await database.query('create table copied (like pings including all)')
  const ping = await startPing(bench, 'ping_bulk', cacheDb)
  const cells: BulkCell[] = []
  const sent = { copy: 0, batch: 0 }
  try {
    for (const { rows, connections } of LOADS) {
      const copy: CopyOrder = { database: database.url, rows, firstSeq: sent.copy + 1 }
      const batch: BatchOrder = { port: ping.port, rows }
      const entrants = [
        await entrant(
          bench,
          { name: 'copy', file: 'clients/copy.ts', order: copy },
          { port: 0, pids: { postgres: bench.parts.postgres.pid }, settle: async () => undefined },
        ),
        await entrant(bench, { name: 'batch', file: 'clients/batch.ts', order: batch }, ping),
      ]
      const note = (all: readonly Cell[]): void => all.forEach(cell => (sent[cell.contender as keyof typeof sent] += cell.answered * rows))
      note(await takeTurns(bench, entrants, { ...WARM_UP, turnMs: bench.options.warmUpMs / 2 }))
      for (const each of connections) {
        const measured = await takeTurns(bench, entrants, {
          connections: each,
          turns: TURNS,
          turnMs: Math.min(MAX_MS, bench.options.seconds * 1000) / TURNS,
        })
        note(measured)
        cells.push(...measured.map(cell => perRow(cell, rows)))
      }
    }
    const copied = await countRows(database, 'copied')
    if (copied !== sent.copy) bench.complain(`COPY: expected ${sent.copy} rows, found ${copied}`)
    const fault = await ping.verify(sent.batch)
    if (fault !== undefined) bench.complain(fault)
    return { cells }
  } finally {
    await ping.stop()
    await database.drop()
  }
}

async function entrant(
  bench: Bench,
  { name, file, order }: { name: string; file: string; order: CopyOrder | BatchOrder },
  target: LoadTarget,
): Promise<Entrant> {
  const child = await startIpcChild(programFile(file), [JSON.stringify(order)])
  bench.teardown.add(child.stop)
  return { name, target: { ...target, run: load => runOrder(child, load) }, request: Buffer.alloc(0) }
}

function perRow(cell: Cell, rows: number): BulkCell {
  const { cpuUsPerRequest: cpu } = cell
  return {
    ...cell,
    contender: cell.contender as BulkCell['contender'],
    rowsPerCall: rows,
    requestsPerSecond: cell.requestsPerSecond * rows,
    ofTurns: cell.ofTurns.map(rate => rate * rows),
    cpuUsPerRequest: cpu && Object.fromEntries(Object.entries(cpu).map(([name, us]) => [name, us / rows])),
    cpuUsOfTurns: cell.cpuUsOfTurns.map(us => us / rows),
    generatorUs: cell.generatorUs / rows,
  }
}

export function bulkTitle({ contender, rowsPerCall }: BulkCell): string {
  return `${contender === 'copy' ? 'COPY' : 'PingBatch'}, ${whole(rowsPerCall)} rows a call`
}

/** Rows per second against those of COPY with as many rows a call and connections. */
export function copyRatio(cells: readonly BulkCell[], cell: BulkCell): number | undefined {
  const copy = copyOf(cells, cell)
  return copy && cell.requestsPerSecond / copy.requestsPerSecond
}

export function copyOf(cells: readonly BulkCell[], cell: BulkCell): BulkCell | undefined {
  return cells.find(each => each.contender === 'copy' && each.rowsPerCall === cell.rowsPerCall && each.connections === cell.connections)
}
