import type { BucketsAnswer, BucketsQuestion } from '../client/ping-client.ts'
import { originText } from '../count/count-report.ts'
import { bar } from '../output/bar.ts'
import { grouped, type JsonDocument } from '../output/output.ts'
import { renderTable, type Column } from '../output/table.ts'
import type { Terminal } from '../output/terminal.ts'
import { boundText, bucketTimeText, isoTime } from './bucket-time.ts'

/** Where a table is shown. */
export interface Screen extends Pick<Terminal, 'unicode' | 'escapes'> {
  /** How many characters a line has. */
  readonly columns: number
}

/** Shorter bars would not be read. */
const MIN_BAR = 4
const GAP = 2
const COLOR = { begin: '\u001B[36m', end: '\u001B[39m' }

/** One document for each bucket. */
export function bucketDocuments({ zone }: BucketsQuestion, { buckets, source, ageMs }: BucketsAnswer): readonly JsonDocument[] {
  return buckets.map(({ start, count }) => ({ start, time: isoTime(start, zone), count, source: source ?? null, ageMs: ageMs ?? null }))
}

/** A line for each bucket: when it starts, how many pings it has, and a bar that fills the line for the largest number. */
export function bucketsTable({ unit, zone }: BucketsQuestion, { buckets }: BucketsAnswer, screen: Screen): string {
  const columns: readonly Column[] = [
    { title: unit, align: 'left' },
    { title: 'pings', align: 'right' },
    { title: '', align: 'left' },
  ]
  const cells = buckets.map(({ start, count }) => [bucketTimeText(start, unit, zone), grouped(count)] as const)
  const widths = [0, 1].map(column => Math.max(columns[column]!.title.length, ...cells.map(row => row[column]!.length)))
  // The last column stays free: some terminals break the line after it.
  const barWidth = screen.columns - 1 - widths[0]! - widths[1]! - 2 * GAP
  const max = buckets.reduce((most, { count }) => (count > most ? count : most), 0n)
  const draw = (count: bigint): string => (barWidth < MIN_BAR ? '' : coloured(bar(count, max, barWidth, screen), screen))
  return renderTable(
    columns,
    cells.map((row, index) => [...row, draw(buckets[index]!.count)]),
  )
}

function coloured(drawn: string, { escapes }: Screen): string {
  return escapes && drawn !== '' ? `${COLOR.begin}${drawn}${COLOR.end}` : drawn
}

/** The zone and the bounds of the range; then the sum: "1 234 pings (cache, 120 ms old)". */
export function bucketsSummary({ unit, zone, range }: BucketsQuestion, answer: BucketsAnswer): string {
  const { buckets } = answer
  const sum = buckets.reduce((total, { count }) => total + count, 0n)
  const number = `${grouped(buckets.length)} ${unit}${buckets.length === 1 ? '' : 's'}`
  return [
    `${number} of ${zone}, from ${boundText(range.start, zone)} to ${boundText(range.end, zone)}`,
    `${grouped(sum)} ${sum === 1n ? 'ping' : 'pings'}${originText(answer)}`,
  ].join('\n')
}
