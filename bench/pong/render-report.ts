import { hostText, SHARED } from '../parts/machine.ts'
import { verdict } from '../report/judge-aims.ts'
import { renderOthers } from '../report/render-report.ts'
import { ratio, renderTable, short, whole } from '../table.ts'
import { IN_FLIGHT, perSecond, SCHEDULE_SECONDS, type Figures } from './figures.ts'
import { judgeAims } from './judge-aims.ts'
import type { RttSummary } from './run-rtt.ts'

type Row = readonly [what: string, ...cells: string[]]

/** The whole report as text. */
export function renderReport(figures: Figures): string {
  const { command, host, broker, usedByOthers, invalid, tookSeconds } = figures
  return [
    `${command}\n${hostText(host)}; ${broker}. ${SHARED}`,
    'One pong server, one pingcli rtt. All pings have 64 bytes of padding and acks=all.',
    renderOthers(usedByOthers),
    renderRoundTrips(figures),
    `Aims\n\n${renderAims(figures)}`,
    invalid.length > 0 ? `NOT VALID\n\n${invalid.map(each => `! ${each}`).join('\n')}` : '',
    `took ${tookSeconds} s`,
  ]
    .filter(text => text !== '')
    .join('\n\n')
}

const TITLES = ['', 'per second', 'pong p50, ms', 'p99, ms', 'ack p50, ms', 'echo p50, ms', 'p50 / two hops']

function renderRoundTrips({ plainKafka, oneByOne, scheduled, flood, idleCpuPercent }: Figures): string {
  const row = (what: string, summary: RttSummary): Row => {
    const { pong, ack, echo } = summary.latencyMs
    const times = [pong.p50, pong.p99, ack.p50, echo.p50].map(short)
    return [what, whole(perSecond(summary)), ...times, ratio(pong.p50 / plainKafka.twoHops.p50)]
  }
  const { twoHops } = plainKafka
  const rows: readonly Row[] = [
    row('one at a time', oneByOne),
    row(`one every ${SCHEDULE_SECONDS} s`, scheduled),
    row(`${IN_FLIGHT} in flight`, flood),
    ['bare kafkajs: two hops, one at a time', '', short(twoHops.p50), short(twoHops.p99), '', '', ratio(1)],
    ['bare kafkajs: records sent and read once', whole(plainKafka.rate), '', '', '', '', ''],
    ['CPU of the server at rest, % of a core', short(idleCpuPercent), '', '', '', '', ''],
  ]
  return renderTable(
    TITLES.map((title, index) => ({ title, cell: (each: Row) => each[index] ?? '' })),
    rows,
  )
}

function renderAims(figures: Figures): string {
  return renderTable(
    [
      { title: '', cell: aim => aim.what },
      { title: 'aim', cell: aim => `${aim.bound === 'least' ? '≥' : '≤'} ${aim.aim}` },
      { title: 'got', cell: aim => short(aim.got) },
      { title: '', cell: verdict },
    ],
    judgeAims(figures),
  )
}
