import type { JsonDocument } from '../output/output.ts'
import type { LatencySpread } from '../run/latencies.ts'
import { rounded } from '../run/run-report.ts'
import { msText } from './ms-text.ts'
import { brokerText } from './probe-lines.ts'
import { MEASURES, type Figures, type GroupFigures, type Measure } from './statistics.ts'
import type { Tally } from './tally.ts'

/** What a run has found. */
export interface Summary {
  readonly tally: Tally
  readonly figures: Figures
  /** Clock time at which performance.now() was 0, in ms since the Unix epoch. */
  readonly originMs: number
  readonly hasPongs: boolean
  /** A closed loop with this many probes in flight at most. */
  readonly flood: number | undefined
  readonly elapsedMs: number
}

const TITLES: Readonly<Record<Measure, string>> = { ack: 'ack', echo: 'echo', pong: 'pong', road: 'pong - server' }
const COLUMNS = ['min', 'p50', 'p90', 'p99', 'p99.9', 'max'] as const
const TITLE_WIDTH = 15
const COLUMN_WIDTH = 8
/** More partitions are only in the JSON form. */
const SHOWN_PARTITIONS = 16

export function summaryText(summary: Summary): string {
  const { figures, hasPongs } = summary
  const measured = MEASURES.filter(measure => figures.measures[measure] !== undefined)
  return [
    tallyText(summary),
    ...(measured.length === 0
      ? []
      : [row('', COLUMNS), ...measured.map(measure => row(TITLES[measure], cells(figures.measures[measure]!)))]),
    ...notes(summary),
    ...measured.filter(measure => measure !== 'road').flatMap(measure => groupLine('per leader', measure, figures.leaders, brokerText)),
    ...groupLine('per partition', hasPongs ? 'pong' : 'echo', figures.partitions, id => `p${id}`),
    ...(figures.answers.size > 1 ? [`answers: ${[...figures.answers].map(([name, answers]) => `${name} ${answers}`).join('  ')}`] : []),
    ...worstLine(summary),
  ].join('\n')
}

function tallyText({ tally, hasPongs, flood, elapsedMs }: Summary): string {
  const { due, sent, acked, echoed, inTime, late, lost, refused, duplicate, reordered, damaged, forgotten, open } = tally
  const more = { refused, damaged, forgotten, 'still open': open }
  const goal = [`${due} due`, `${sent} sent`, `${acked} acked`, `${echoed} echoed`, ...(hasPongs ? [`${inTime} answered`] : [])]
  const faults = [`${lost} lost`, `${late} late`, `${duplicate} duplicate`, `${reordered} out of order`]
  const rest = Object.entries(more).flatMap(([what, times]) => (times === 0 ? [] : [`${times} ${what}`]))
  const perSecond = elapsedMs > 0 ? Math.round(((inTime + late) / elapsedMs) * 1_000) : 0
  const loop = flood === undefined ? '' : `; closed loop, ${flood} in flight: ${perSecond}/s`
  return `--- ${goal.join(', ')}; ${[...faults, ...rest].join(', ')}${loop}`
}

function row(title: string, columns: readonly string[]): string {
  return (title.padEnd(TITLE_WIDTH) + columns.map(column => column.padEnd(COLUMN_WIDTH)).join('')).trimEnd()
}

function cells({ min, p50, p90, p99, p999, max }: LatencySpread): readonly string[] {
  return [min, p50, p90, p99, p999, max].map(ms => (ms === undefined ? '-' : msText(ms)))
}

function notes({ figures, flood }: Summary): readonly string[] {
  const all = Object.values(figures.measures).filter(spread => spread !== undefined)
  return [
    ...(figures.measures.road ? ['pong - server: the road alone'] : []),
    ...(all.some(({ p999 }) => p999 === undefined) ? ['-: fewer than 1000 samples'] : []),
    ...(flood === undefined
      ? []
      : ['closed loop: a stall delays the next probes, so it shows in few of them; use -i for a fixed schedule']),
  ]
}

/** `per leader: ack b1 1.7/2.2 b2 1.8/212 (p50/p99)`. */
function groupLine(title: string, measure: Measure, groups: readonly GroupFigures[], name: (id: number) => string): readonly string[] {
  const own = groups.filter(group => group.measure === measure)
  if (own.length === 0 || own.length > SHOWN_PARTITIONS) return []
  const figures = own.map(({ id, spread }) => `${name(id)} ${msText(spread.p50)}/${msText(spread.p99)}`)
  return [`${title.padEnd(TITLE_WIDTH)}${measure.padEnd(6)}${figures.join('  ')}  (p50/p99)`]
}

function worstLine({ figures: { worst }, originMs }: Summary): readonly string[] {
  if (!worst) return []
  const { probe, measure, ms } = worst
  const time = new Date(originMs + probe.dueMs).toTimeString().slice(0, 8)
  return [`worst: seq ${probe.seq} p${probe.partition}@${brokerText(probe.leader ?? 'none')} ${measure} ${msText(ms)} ms at ${time}`]
}

export function summaryDocument(summary: Summary): JsonDocument {
  const { tally, figures, hasPongs, flood, elapsedMs, originMs } = summary
  const { inTime, ...counts } = tally
  const { worst } = figures
  return {
    event: 'summary',
    ...counts,
    answered: hasPongs ? inTime : null,
    inTime,
    loop: flood === undefined ? 'open' : 'closed',
    elapsedMs: rounded(elapsedMs),
    latencyMs: Object.fromEntries(
      MEASURES.map(measure => {
        const spread = figures.measures[measure]
        return [measure, spread ? spreadDocument(spread) : null]
      }),
    ),
    leaders: figures.leaders.map(({ id, measure, spread }) => ({ leader: id, measure, ...spreadDocument(spread) })),
    partitions: figures.partitions.map(({ id, measure, spread }) => ({ partition: id, measure, ...spreadDocument(spread) })),
    answers: Object.fromEntries(figures.answers),
    worst: worst
      ? {
          seq: worst.probe.seq,
          partition: worst.probe.partition,
          leader: worst.probe.leader ?? null,
          measure: worst.measure,
          ms: rounded(worst.ms),
          time: new Date(originMs + worst.probe.dueMs).toISOString(),
        }
      : null,
  }
}

function spreadDocument({ count, min, p50, p90, p99, p999, max }: LatencySpread): JsonDocument {
  return { count, min, p50, p90, p99, p999: p999 ?? null, max }
}
