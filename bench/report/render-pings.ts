import { cpuOfAll, type Cell } from '../load/cell.ts'
import { ratio, renderTable, short, whole, type Column } from '../table.ts'

const TITLES: Readonly<Record<string, string>> = {
  a: '(a) bare node:http',
  b: '(b) no-op through Connect',
  c: '(c) the plain way',
  d: '(d) Ping',
  e: '(e) one INSERT, no server',
  f: '(f) NATS JetStream, no server',
  g: '(g) pgmq.send, no server',
}
const PARTS = ['server', 'postgres', 'kafka', 'processor', 'cache', 'nats']

/** The figures of Ping calls, with their ratios to (a), (b) and (c) with the same number of connections. */
export function renderPings(cells: readonly Cell[]): string {
  return renderTable(
    cellColumns(cells, cell => TITLES[cell.contender] ?? cell.contender, [
      { title: '/(a)', cell: cell => ratio(rateRatio(cells, cell, 'a')) },
      { title: '/(b)', cell: cell => ratio(rateRatio(cells, cell, 'b')) },
      { title: '/(c)', cell: cell => ratio(rateRatio(cells, cell, 'c')) },
    ]),
    cells,
  )
}

/** Columns for requests/s, latencies and CPU, with `ratios` in between. */
export function cellColumns(
  cells: readonly Cell[],
  title: (cell: Cell) => string,
  ratios: readonly Column<Cell>[],
  rate = 'requests/s',
): readonly Column<Cell>[] {
  const parts = PARTS.filter(part => cells.some(cell => (cell.cpuUsPerRequest?.[part] ?? 0) > 0))
  return [
    { title: '', cell: title },
    { title: 'connections', cell: cell => String(cell.connections) },
    { title: rate, cell: cell => whole(cell.requestsPerSecond) + (cell.failed > 0 ? ' !' : '') },
    ...ratios,
    { title: 'p50 ms', cell: cell => short(cell.p50Ms) },
    { title: 'p99', cell: cell => short(cell.p99Ms) },
    { title: 'p999', cell: cell => short(cell.p999Ms) },
    ...parts.map((part, index) => ({
      title: index === 0 ? `µs: ${part}` : part,
      cell: (cell: Cell) => short(cell.cpuUsPerRequest?.[part]),
    })),
    ...(parts.length > 0 ? [{ title: 'all', cell: (cell: Cell) => short(cpuOfAll(cell)) }] : []),
    { title: 'client', cell: cell => `${short(cell.generatorUs)} (${Math.round(cell.generatorLoad * 100)} %)` },
  ]
}

/** The ratio of the requests per second to those of another contender with the same number of connections. */
export function rateRatio(cells: readonly Cell[], cell: Cell, contender: string): number | undefined {
  const other = cells.find(each => each.contender === contender && each.connections === cell.connections)
  return other && cell.requestsPerSecond / other.requestsPerSecond
}
