import { describe } from '../parts/machine.ts'
import { verdict } from '../report/judge-aims.ts'
import { renderOthers } from '../report/render-report.ts'
import { ratio, renderTable, short, whole } from '../table.ts'
import type { Figures } from './figures.ts'
import { judgeAims } from './judge-aims.ts'
import type { Latency } from './measure-latency.ts'
import { MANY_AT_A_TIME } from './measure.ts'

type Row = readonly [what: string, ...cells: string[]]

/** The whole report as text. */
export function renderReport(figures: Figures): string {
  const { command, machine, usedByOthers, invalid, tookSeconds } = figures
  return [
    `${command}\n${describe(machine)}`,
    'One semaphore, one client process. Every figure is taken at the topics: from the send of a record until another one is read.',
    renderOthers(usedByOthers),
    `Commands/s\n\n${renderRates(figures)}`,
    `Latency, ms\n\n${renderLatencies(figures)}`,
    `A long queue\n\n${renderQueue(figures)}`,
    `Aims\n\n${renderAims(figures)}`,
    invalid.length > 0 ? `NOT VALID\n\n${invalid.map(each => `! ${each}`).join('\n')}` : '',
    `took ${tookSeconds} s`,
  ]
    .filter(text => text !== '')
    .join('\n\n')
}

function renderRates({ scale, many, lives, one, oneWide, plainPostgres, plainKafka }: Figures): string {
  const row = (what: string, rate: number): Row => [
    what,
    whole(rate),
    ratio(rate / plainPostgres.batches),
    ratio(rate / plainPostgres.skipLocked),
    ratio(rate / plainKafka.rate),
  ]
  const over = `${whole(scale.resources)} resources`
  return table(
    ['', 'commands/s', '/ pg batches', '/ skip locked', '/ kafkajs hop'],
    [
      row(`requested and queued, ${over}`, many.submitted),
      row(`granted and finished, ${over}`, many.served),
      row(`requested, granted and finished at the same time, ${over}`, lives),
      row('granted and finished, one resource, one at a time', one.served),
      row(`granted and finished, one resource, ${MANY_AT_A_TIME} at a time`, oneWide.served),
      row('bare pg: insert and two updates a row, batches of 100', plainPostgres.batches),
      row('bare pg: skip locked and an update a row', plainPostgres.skipLocked),
      row('bare kafkajs: sent and read once', plainKafka.rate),
    ],
  )
}

function renderLatencies({ requestLatency, freedLatency, plainKafka }: Figures): string {
  const row = (what: string, { p50, p99 }: Latency): Row => [what, short(p50), short(p99), ratio(p50 / plainKafka.twoHops.p50)]
  return table(
    ['', 'p50', 'p99', 'p50 / two hops'],
    [
      row('a request is sent → the command is read', requestLatency),
      row('a finish is sent → the next command is read', freedLatency),
      row('bare kafkajs: two hops', plainKafka.twoHops),
    ],
  )
}

function renderQueue({ queue, idleCpuPercent }: Figures): string {
  return table(
    ['', ''],
    [
      ['commands that wait for one resource', whole(queue.waiting)],
      ['requested and queued/s', whole(queue.submitted)],
      ['bytes per command in Postgres', whole(queue.bytesPerCommand)],
      ['finish → next command, 10 waiting, ms', short(queue.shortStepMs)],
      ['finish → next command, all waiting, ms', short(queue.longStepMs)],
      ['memory of the program before, MB', short(queue.rssBeforeMb)],
      ['memory of the program after, MB', short(queue.rssAfterMb)],
      ['CPU of the program at rest, % of a core', short(idleCpuPercent)],
    ],
  )
}

function table(titles: readonly string[], rows: readonly Row[]): string {
  return renderTable(
    titles.map((title, index) => ({ title, cell: (row: Row) => row[index] ?? '' })),
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
