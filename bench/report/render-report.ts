import type { Cell } from '../load/cell.ts'
import { sum } from '../measuring/statistics.ts'
import { describe } from '../parts/machine.ts'
import { renderProfiles } from '../profile/render-profiles.ts'
import { bulkTitle, copyRatio, type Bulk, type BulkCell } from '../stages/bulk.ts'
import { ASKED, type Counts } from '../stages/counts.ts'
import type { Freshness } from '../stages/freshness.ts'
import type { NpmStart } from '../stages/npm-start.ts'
import type { ProcessorSpeed } from '../stages/processor-speed.ts'
import { cpuAgainst, rateAgainst, TRACED } from '../stages/tracing.ts'
import { ratio, renderTable, short, whole } from '../table.ts'
import type { Figures } from './figures.ts'
import { judgeAims, verdict } from './judge-aims.ts'
import { cellColumns, rateRatio, renderPings } from './render-pings.ts'

/** A titled part of the report. */
export interface ReportPart {
  readonly title: string
  readonly text: string
}

/** The whole report as text, which ends with the aims; `changes` is the result of the check. */
export function renderReport(figures: Figures, changes?: string): string {
  const { profiles, invalid } = figures
  return [
    describe(figures.machine),
    renderOthers(figures.usedByOthers),
    ...tables(figures).map(section),
    section({ title: 'Where the time goes', text: profiles ? renderProfiles(profiles) : '' }),
    section({ title: 'Check', text: changes ?? '' }),
    section({ title: 'NOT VALID', text: invalid.map(each => `! ${each}`).join('\n') }),
    `took ${figures.tookSeconds} s`,
    section({ title: 'Aims', text: renderAims(figures) }),
  ]
    .filter(text => text !== '')
    .join('\n\n')
}

function section({ title, text }: ReportPart): string {
  return text === '' ? '' : `${title}\n\n${text}`
}

/** The tables of the measured sections. */
export function tables({ pings, bulk, counts, processor, freshness, tracing, start }: Figures): readonly ReportPart[] {
  const parts: readonly (readonly [string, string | false | undefined])[] = [
    ['Ping: CPU µs per request by part, what follows the answer included', pings.length > 0 && renderPings(pings)],
    ['Many rows a call: rows/s and CPU µs a row; latencies of calls', bulk && renderBulk(bulk)],
    [`PingCount on ${whole(counts?.rows)} rows`, counts && renderCounts(counts)],
    ['Processor, from a full topic', processor && renderProcessor(processor)],
    ['Freshness: from the answer to a ping until the cached count holds it', freshness && renderFreshness(freshness)],
    ['Traces: pings with none, some and all of them traced', tracing && renderTracing(tracing)],
    ['npm start', start && renderStart(start)],
  ]
  return parts.flatMap(([title, text]) => (text ? [{ title, text }] : []))
}

/** The more parts a contender has, the more it suffers from other programs: then even ratios cannot be trusted. */
export function renderOthers(share: number | undefined): string {
  if (share === undefined || share < QUIET) return ''
  return `NOT A QUIET MACHINE: other programs used ${Math.round(share * 100)} % of it during the run. Repeat it on a quiet machine.`
}

const QUIET = 0.05

function renderCounts({ cells, onRows }: Counts): string {
  const plainOf = (cell: Cell): string =>
    cell.contender.includes('week')
      ? 'plain: week by COUNT(*)'
      : cell.contender.includes('hours')
        ? 'plain: six hours by COUNT(*)'
        : 'plain: total by COUNT(*)'
  const table = renderTable(
    cellColumns(cells, cell => cell.contender, [
      { title: '/bare', cell: cell => ratio(rateRatio(cells, cell, ASKED.bare)) },
      { title: '/no-op', cell: cell => ratio(rateRatio(cells, cell, ASKED.noOp)) },
      { title: '/COUNT(*)', cell: cell => ratio(rateRatio(cells, cell, plainOf(cell))) },
    ]),
    cells,
  )
  const comparison = renderTable(
    [
      { title: '64 connections, requests/s', cell: ({ what }) => what },
      { title: `${whole(onRows.fewRows)} rows`, cell: ({ few }) => whole(few.requestsPerSecond) },
      { title: `${whole(onRows.manyRows)} rows`, cell: ({ many }) => whole(many.requestsPerSecond) },
      { title: 'ratio', cell: ({ few, many }) => ratio(many.requestsPerSecond / few.requestsPerSecond) },
    ],
    onRows.comparisons,
  )
  return `${table}\n\n${comparison}`
}

function renderBulk({ cells }: Bulk): string {
  const copyOf = (cell: Cell): number | undefined => copyRatio(cells, cell as BulkCell)
  return renderTable(
    cellColumns(cells, cell => bulkTitle(cell as BulkCell), [{ title: '/COPY', cell: cell => ratio(copyOf(cell)) }], 'rows/s'),
    cells,
  )
}

function renderProcessor(speed: ProcessorSpeed): string {
  return renderTable(
    [
      { title: '', cell: () => 'processor' },
      { title: 'events', cell: each => whole(each.events) },
      { title: 'events/s', cell: each => whole(each.eventsPerSecond) },
      { title: 'from Kafka', cell: each => whole(each.fromKafka) },
      { title: 'by catch-up', cell: each => whole(each.byCatchUp) },
      { title: 'processor µs', cell: each => short(each.cpuUsPerEvent?.['processor']) },
      { title: 'kafka µs', cell: each => short(each.cpuUsPerEvent?.['kafka']) },
      { title: 'cache µs', cell: each => short(each.cpuUsPerEvent?.['cache']) },
      { title: 'MB', cell: each => whole(each.memoryMb) },
      { title: 'ready ms', cell: each => whole(each.readyMs) },
      { title: 'relay rows/s before', cell: each => whole(each.relayRowsPerSecond) },
    ],
    [speed],
  )
}

function renderFreshness(runs: readonly Freshness[]): string {
  return renderTable(
    [
      { title: 'traffic', cell: each => each.traffic },
      { title: 'samples', cell: each => whole(each.samples) },
      { title: 'p50 ms', cell: each => whole(each.p50Ms) },
      { title: 'p99 ms', cell: each => whole(each.p99Ms) },
      { title: 'max ms', cell: each => whole(each.maxMs) },
      { title: 'looks served by the cache', cell: each => `${(each.fromCache * 100).toFixed(1)} %` },
    ],
    runs,
  )
}

function renderTracing(cells: readonly Cell[]): string {
  const finely = (value: number | undefined): string => (value === undefined ? '–' : `×${value.toFixed(3)}`)
  return renderTable(
    cellColumns(cells, cell => cell.contender, [
      { title: '/off', cell: cell => finely(rateAgainst(cells, cell, TRACED.off)) },
      { title: 'CPU/off', cell: cell => finely(cpuAgainst(cells, cell, TRACED.off)) },
    ]),
    cells,
  )
}

function renderStart({ newFolderMs, sameFolderMs, atRest }: NpmStart): string {
  const total = { part: 'all', cpuPercent: sum(atRest.map(each => each.cpuPercent)), memoryMb: sum(atRest.map(each => each.memoryMb)) }
  const table = renderTable(
    [
      { title: 'at rest', cell: each => each.part },
      { title: 'CPU, % of a core', cell: each => each.cpuPercent.toFixed(2) },
      { title: 'memory, MB', cell: each => whole(each.memoryMb) },
    ],
    [...atRest, total],
  )
  return `ready after ${(newFolderMs / 1000).toFixed(2)} s on a new folder, ${(sameFolderMs / 1000).toFixed(2)} s on the same again${atRest.length > 0 ? `\n\n${table}` : ''}`
}

/** The aims that were measured, each reached or short. */
export function renderAims(figures: Figures): string {
  const aims = judgeAims(figures)
  const measured = aims.filter(({ got }) => got !== undefined)
  const others = aims.length - measured.length
  const table = renderTable(
    [
      { title: '', cell: aim => aim.what },
      { title: 'aim', cell: aim => `${aim.bound === 'least' ? '≥' : '≤'} ${aim.aim.toLocaleString('en-US')}` },
      { title: 'got', cell: aim => (aim.got !== undefined && aim.got >= 1000 ? whole(aim.got) : short(aim.got)) },
      { title: '', cell: verdict },
    ],
    measured,
  )
  return others === 0 ? table : `${table}\n\n${others} aims were not measured`
}
