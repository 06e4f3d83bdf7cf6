import type { Cell } from './cells.ts'
import { ratio, renderTable, short, whole, type Column } from './table.ts'

const TITLES: Readonly<Record<string, string>> = {
  a: '(a) bare node:http',
  b: '(b) no-op behind Connect',
  c: '(c) the plain way',
  d: '(d) Ping',
}
const PARTS = ['server', 'postgres', 'kafka', 'processor', 'cache']

/** The figures of Ping calls, with their ratios to (b) and (c) at the same number of connections. */
export function renderPings(cells: readonly Cell[]): string {
  return renderTable(cellColumns(cells, cell => TITLES[cell.contender] ?? cell.contender, [
    { title: '/(b)', cell: cell => ratio(rateRatio(cells, cell, 'b')) },
    { title: '/(c)', cell: cell => ratio(rateRatio(cells, cell, 'c')) },
  ]), cells)
}

/** Columns for requests/s, latencies and CPU, with `ratios` in between. */
export function cellColumns(
  cells: readonly Cell[],
  title: (cell: Cell) => string,
  ratios: readonly Column<Cell>[],
): readonly Column<Cell>[] {
  const parts = PARTS.filter(part => cells.some(cell => cell.cpuUsPerRequest?.[part] !== undefined))
  return [
    { title: '', cell: title },
    { title: 'connections', cell: cell => String(cell.connections) },
    { title: 'requests/s', cell: cell => whole(cell.requestsPerSecond) + (cell.failed > 0 ? ' !' : '') },
    ...ratios,
    { title: 'p50 ms', cell: cell => short(cell.p50Ms) },
    { title: 'p99 ms', cell: cell => short(cell.p99Ms) },
    ...parts.map(part => ({ title: `${part} µs`, cell: (cell: Cell) => short(cell.cpuUsPerRequest?.[part]) })),
    { title: 'generator', cell: cell => `${Math.round(cell.generatorLoad * 100)} %` },
  ]
}

/** Requests per second against those of another contender at the same number of connections. */
export function rateRatio(cells: readonly Cell[], cell: Cell, contender: string): number | undefined {
  const other = cells.find(each => each.contender === contender && each.connections === cell.connections)
  return other && cell.requestsPerSecond / other.requestsPerSecond
}
