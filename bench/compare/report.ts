import { renderTable, whole, type Column } from '../table.ts'
import type { Counts } from './side.ts'

/** What both systems counted after a step. */
export interface Played {
  readonly title: string
  /** All pings that clients have meant so far. Each was acknowledged. */
  readonly meant: number
  readonly plain: Counts
  readonly ping: Counts
}

/** What both answer for yesterday at the end. */
export interface Yesterday {
  readonly meant: number
  readonly plain: number
  readonly ping: number
}

const COLUMNS: readonly Column<Played>[] = [
  { title: 'what happened', cell: ({ title }) => title },
  { title: 'pings so far', cell: ({ meant }) => whole(meant) },
  { title: 'plain: rows', cell: ({ plain, meant }) => compared(plain.rows, meant) },
  { title: 'plain: count', cell: ({ plain, meant }) => compared(plain.cached, meant) },
  { title: 'Ping: rows', cell: ({ ping, meant }) => compared(ping.rows, meant) },
  { title: 'Ping: count', cell: ({ ping, meant }) => compared(ping.cached, meant) },
]

/** The table, and the counts of yesterday. */
export function renderReport(steps: readonly Played[], yesterday: Yesterday): string {
  return [
    renderTable(COLUMNS, steps),
    '',
    `Yesterday's pings: ${whole(yesterday.meant)}; the plain way counts ${compared(yesterday.plain, yesterday.meant)}, Ping ${compared(yesterday.ping, yesterday.meant)}.`,
    'Each ping was acknowledged in the end. A number in brackets says how far a count is from that.',
  ].join('\n')
}

/** Why Ping's counts break its promise. Empty: they keep it. */
export function brokenPromises(steps: readonly Played[], yesterday: Yesterday): readonly string[] {
  const wrong = steps.flatMap(({ title, meant, ping: { rows, cached } }) =>
    rows === meant && cached === meant ? [] : [`after "${title}": got ${rows} rows and a count of ${cached}, expected ${meant} of both`],
  )
  return yesterday.ping === yesterday.meant ? wrong : [...wrong, `yesterday: got ${yesterday.ping}, expected ${yesterday.meant}`]
}

/** `310 (+10)`: how far a count is from what was meant. */
function compared(count: number, meant: number): string {
  if (count === meant) return whole(count)
  return `${whole(count)} (${count > meant ? '+' : '−'}${whole(Math.abs(count - meant))})`
}
