import { formatDuration } from '../formats/duration.ts'
import type { JsonDocument } from '../output/output.ts'
import { rowsOfLanes, sumOfLanes, type Evidence, type LaneOfLedger } from './evidence.ts'
import { nameOf } from './find-differences.ts'

/** The evidence as a table for people, followed by the verdict. */
export function toText(evidence: Evidence, differences: readonly string[]): string {
  const [first, ...others] = differences
  const more = others.length > 0 ? ` (and ${others.length} more: --json lists all)` : ''
  return [
    ...laneTable(evidence),
    '',
    `total:   ${totals(evidence)}`,
    `minutes: ${minutes(evidence)}`,
    ...absent(evidence),
    '',
    first === undefined ? 'OK' : `DIFFERENCE: ${first}${more}`,
  ].join('\n')
}

function laneTable({ ledger, cache }: Evidence): readonly string[] {
  const applied = (lane: number): bigint | undefined => (cache.kind === 'read' ? cache.value.applied[lane]?.seq : undefined)
  const sum = (pick: (lane: LaneOfLedger) => bigint | undefined): bigint => ledger.lanes.reduce((all, lane) => all + (pick(lane) ?? 0n), 0n)
  const show = (value: bigint | undefined): string => (value === undefined ? '–' : String(value))
  const rows = ledger.lanes.map(({ lane, head, rows: counted, published }) => {
    const to = applied(lane)
    return [String(lane), ...[head.seq, counted, published.seq, to, to === undefined ? undefined : head.seq - to].map(show)]
  })
  const allApplied = cache.kind === 'read' ? sum(({ lane }) => applied(lane)) : undefined
  const heads = sum(({ head }) => head.seq)
  const lag = allApplied === undefined ? undefined : heads - allApplied
  const last = ['sum', ...[heads, sum(lane => lane.rows), sum(lane => lane.published.seq), allApplied, lag].map(show)]
  return aligned([['lane', 'head', 'rows', 'published', 'applied', 'lag'], ...rows, last])
}

/** Columns, right-aligned, two spaces apart. */
function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map(row => (row[column] ?? '').length)))
  return rows.map(row => row.map((cell, column) => cell.padStart(widths[column]!)).join('  '))
}

function totals({ ledger, cache, server }: Evidence): string {
  const parts = [`sum of heads ${sumOfLanes(ledger)}`, `COUNT(*) ${rowsOfLanes(ledger)}`]
  if (cache.kind === 'read') parts.push(`cache ${cache.value.total}`)
  if (server.kind === 'read') {
    const { cached, strong } = server.value
    const from = cached.source === undefined ? '' : ` from the ${cached.source}`
    const age = cached.ageMs === undefined ? '' : `, ${formatDuration(cached.ageMs)} old`
    parts.push(`PingCount ${cached.count}${from}${age}`, `PingCount strong ${strong.count}`)
  }
  return parts.join(' · ')
}

function minutes({ ledger, cache }: Evidence): string {
  const counted = `${ledger.minutes.size} by COUNT(*), ${ledger.rollup.size} in the rollup`
  if (cache.kind !== 'read') return counted
  const { minutesFrom, minutesTo } = cache.value
  const from = minutesFrom === -Infinity ? 'the first ping' : nameOf(minutesFrom)
  return `${counted}, ${cache.value.minutes.size} in the cache, which covers ${from} to ${nameOf(minutesTo)}`
}

function absent({ cache, server, topic }: Evidence): readonly string[] {
  return [
    ...(cache.kind === 'left out' ? ['cache:   skipped by --no-cache'] : []),
    ...(cache.kind === 'away' ? [`cache:   cannot be read: ${cache.reason}`] : []),
    ...(topic ? [] : ['topic:   skipped by --no-topic']),
    ...(server.kind === 'left out' ? ['server:  skipped by --no-server'] : []),
    ...(server.kind === 'away' ? [`server:  no answer: ${server.reason}`] : []),
  ]
}

/** The evidence as JSON; positions are `{seq, tag}`, tags as strings (they have 64 bits). */
export function toDocument(evidence: Evidence, differences: readonly string[]): JsonDocument {
  const { ledger, cache, server, topic } = evidence
  const position = ({ seq, tag }: { seq: bigint; tag: bigint }): JsonDocument => ({ seq, tag: String(tag) })
  const lanes = ledger.lanes.map(({ lane, head, rows, published, folded }) => {
    const applied = cache.kind === 'read' ? cache.value.applied[lane] : undefined
    return {
      lane,
      head: position(head),
      rows,
      published: position(published),
      folded: position(folded),
      applied: applied ? position(applied) : null,
      lag: applied ? head.seq - applied.seq : null,
    }
  })
  return {
    ok: differences.length === 0,
    differences,
    total: {
      heads: sumOfLanes(ledger),
      rows: rowsOfLanes(ledger),
      cache: cache.kind === 'read' ? cache.value.total : null,
      server: server.kind === 'read' ? server.value.cached.count : null,
      serverStrong: server.kind === 'read' ? server.value.strong.count : null,
    },
    minutes: { rows: ledger.minutes.size, rollup: ledger.rollup.size, cache: cache.kind === 'read' ? cache.value.minutes.size : null },
    cache: cache.kind === 'away' ? `away: ${cache.reason}` : cache.kind,
    server: server.kind === 'away' ? `away: ${server.reason}` : server.kind,
    topic: topic ? 'positions compared' : 'left out',
    lanes,
  }
}
