import { cpuOfAll } from '../../bench/load/cell.ts'
import { describe } from '../../bench/parts/machine.ts'
import { renderProfiles } from '../../bench/profile/render-profiles.ts'
import type { Figures } from '../../bench/report/figures.ts'
import { rateRatio } from '../../bench/report/render-pings.ts'
import { renderAims, renderOthers, tables } from '../../bench/report/render-report.ts'
import { copyRatio } from '../../bench/stages/bulk.ts'
import { ratio, short, whole } from '../../bench/table.ts'

/** The blocks of docs/performance.md that a run has figures for, by name. */
export function blocksOf(figures: Figures): Readonly<Record<string, string>> {
  const { profiles } = figures
  if (profiles !== undefined) return { profiles: fenced(renderProfiles(profiles)) }
  const remarks = [`${figures.at.slice(0, 10)}, ${describe(figures.machine)}`, renderOthers(figures.usedByOthers)]
    .filter(text => text !== '')
    .join('\n\n')
  return {
    aims: `${remarks}\n\n${fenced(renderAims(figures))}`,
    tables: tables(figures)
      .map(({ title, text }) => `### ${title}\n\n${fenced(text)}`)
      .join('\n\n'),
  }
}

/** The block of README.md, the same way. */
export function readmeBlocksOf(figures: Figures): Readonly<Record<string, string>> {
  const { pings, counts, processor, freshness, bulk, machine } = figures
  if (figures.profiles !== undefined) return {}
  const ping = pings.find(cell => cell.contender === 'd' && cell.connections === 64)
  const against = (other: string): string => ratio(ping && rateRatio(pings, ping, other))
  const total = (contender: string) => counts?.cells.find(cell => cell.contender === contender && cell.connections === 64)
  const strong = total('Ping: total, strong')
  const batches = bulk?.cells.filter(({ contender }) => contender === 'batch').map(cell => copyRatio(bulk.cells, cell) ?? NaN) ?? []
  const rows = [
    ['acknowledged pings per second, against the plain way with the same RPC layer', against('c')],
    ["… against a no-op handler called through Connect's adapter", against('b')],
    ['… against bare node:http that answers `{}`', against('a')],
    ['CPU of a ping in all parts (server, Postgres, broker, processor, cache)', `${short(ping && cpuOfAll(ping))} µs`],
    ['pings in batches (`PingBatch`), against `COPY` of the same rows', batches.map(each => ratio(each)).join(', ')],
    [
      `exact total on ${whole(counts?.rows)} rows, against \`COUNT(*)\``,
      ratio(strong && counts && rateRatio(counts.cells, strong, 'plain: total by COUNT(*)')),
    ],
    ['events per second that the processor reads from a full topic', whole(processor?.eventsPerSecond)],
    [
      'from the answer to a ping until the cached count includes it, p99, under load',
      `${whole(freshness?.find(({ traffic }) => traffic === 'load')?.p99Ms)} ms`,
    ],
  ]
  return {
    readme: [
      `| 64 connections, ${machine.cores} cores, ${machine.broker}, ${machine.cache} | |`,
      '| --- | --- |',
      ...rows.map(([what, got]) => `| ${what} | ${got} |`),
    ].join('\n'),
  }
}

function fenced(text: string): string {
  return `\`\`\`text\n${text}\n\`\`\``
}

/** Puts each block between its two marks (`<!-- bench:NAME -->` … `<!-- /bench:NAME -->`). Throws if a page has no marks for one. */
export function fill(page: string, blocks: Readonly<Record<string, string>>): string {
  return Object.entries(blocks).reduce((text, [name, block]) => {
    const [open, close] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`]
    const [start, end] = [text.indexOf(open), text.indexOf(close)]
    if (start < 0 || end < start) throw new Error(`the page has no place for ${name}: expected ${open} and ${close} after it`)
    return `${text.slice(0, start + open.length)}\n\n${block}\n\n${text.slice(end)}`
  }, page)
}
