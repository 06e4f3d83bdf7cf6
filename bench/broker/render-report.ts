import { KAFKA_JVM_FLAGS } from '../parts/brokers.ts'
import { hostText, SHARED } from '../parts/machine.ts'
import { verdict } from '../report/judge-aims.ts'
import { renderOthers } from '../report/render-report.ts'
import { ratio, renderTable, short, whole } from '../table.ts'
import type { Comparison } from './comparison.ts'
import type { Figures } from './figures.ts'
import { judgeAims } from './judge-aims.ts'

/** Above this, digits after the decimal point say nothing. */
const LARGE = 100

/** The whole report as text. */
export function renderReport(figures: Figures): string {
  const { command, scale, host, usedByOthers, invalid, tookSeconds, verifiedRecords } = figures
  return [
    `${command}\n${hostText(host)}. ${SHARED}`,
    `Each broker a process, one client process; rounds in turns, medians of ${scale.rounds} (start-up: ${scale.startRounds}); ratio: the median of the rounds' ratios. ` +
      `kafkajs, values of 100 bytes, 1 partition, acks -1, one send in flight. Apache Kafka ${host.kafka} with the flags of its own start script: ${KAFKA_JVM_FLAGS.join(' ')}.`,
    renderOthers(usedByOthers),
    section('Start-up, ms from the birth of the process until it answers', figures.startUp),
    section('Memory, MB of RSS', figures.memory),
    section('CPU without clients, % of a core', figures.idle),
    section('Records/s', figures.rates),
    section('One send of one record, ms', figures.latencies),
    section('CPU of the broker, µs per record', figures.brokerCpu),
    section('CPU of the client, µs per record', figures.clientCpu),
    `Aims\n\n${renderAims(figures)}`,
    invalid.length > 0
      ? `NOT VALID\n\n${invalid.map(each => `! ${each}`).join('\n')}`
      : `all ${whole(verifiedRecords)} acknowledged records were there, once and in order`,
    `took ${tookSeconds} s`,
  ]
    .filter(text => text !== '')
    .join('\n\n')
}

function section(title: string, rows: readonly Comparison[]): string {
  if (rows.length === 0) return ''
  const columns = [
    { title: '', cell: (row: Comparison) => row.what },
    { title: "Ping's broker", cell: (row: Comparison) => figure(row.ours) },
    { title: 'Apache Kafka', cell: (row: Comparison) => figure(row.apache) },
    { title: 'ratio', cell: (row: Comparison) => ratio(row.ratio) },
  ]
  return `${title}\n\n${renderTable(columns, rows)}`
}

function figure(value: number): string {
  return value >= LARGE ? whole(value) : short(value)
}

function renderAims(figures: Figures): string {
  return renderTable(
    [
      { title: "Ping's broker / Apache Kafka", cell: aim => aim.what },
      { title: 'aim', cell: aim => `${aim.bound === 'least' ? '≥' : '≤'} ${aim.aim}` },
      { title: 'got', cell: aim => short(aim.got) },
      { title: '', cell: verdict },
    ],
    judgeAims(figures),
  )
}
