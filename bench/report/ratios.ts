import { cpuOfAll, type Cell } from '../load/cell.ts'
import { copyOf } from '../stages/bulk.ts'
import { ASKED } from '../stages/counts.ts'
import type { Figures } from './figures.ts'

/** A figure relative to another one of the same run: this can be compared with a measurement of another day. */
export interface Ratio {
  readonly what: string
  readonly better: 'more' | 'less'
  readonly value: number
  /** By how much two measurements of the same thing may differ, as a share of the value. */
  readonly noise: number
}

/** Even if all turns agree, another run of the same program differs by this much, since its code is compiled and placed again. */
const MIN_NOISE = 0.05

/** The ratios with which later runs can be compared. */
export function ratiosOf(figures: Figures): readonly Ratio[] {
  return [...pingRatios(figures), ...bulkRatios(figures), ...countRatios(figures), ...rowsRatios(figures)]
}

const AGAINST = { a: 'bare node:http', b: 'no-op through Connect', c: 'the plain way', e: 'single INSERTs' } as const

function pingRatios({ pings }: Figures): readonly Ratio[] {
  const of = (key: string, { connections }: Cell): Cell | undefined =>
    pings.find(cell => cell.contender === key && cell.connections === connections)
  return pings
    .filter(cell => cell.contender === 'd')
    .flatMap(ping => [
      ...Object.entries(AGAINST).flatMap(([key, name]) =>
        rateRatio(`pings / ${name}, ${ping.connections} connections`, ping, of(key, ping)),
      ),
      ...cpuRatio(`CPU of a ping / of a call of bare node:http, ${ping.connections} connections`, ping, of('a', ping)),
    ])
}

function bulkRatios({ bulk }: Figures): readonly Ratio[] {
  const batches = bulk?.cells.filter(cell => cell.contender === 'batch') ?? []
  return batches.flatMap(batch =>
    rateRatio(
      `PingBatch / COPY, ${batch.rowsPerCall} rows a call, ${batch.connections} connections`,
      batch,
      bulk && copyOf(bulk.cells, batch),
    ),
  )
}

function countRatios({ counts }: Figures): readonly Ratio[] {
  const of = (question: string): Cell | undefined => counts?.cells.find(cell => cell.contender === question && cell.connections === 64)
  return [ASKED.cached, ASKED.week, ASKED.strongWeek].flatMap(question =>
    rateRatio(`${question} / bare node:http, 64 connections`, of(question), of(ASKED.bare)),
  )
}

function rowsRatios({ counts }: Figures): readonly Ratio[] {
  return counts?.onRows.comparisons.flatMap(({ what, few, many }) => rateRatio(`${what}, many rows / few rows`, many, few)) ?? []
}

function rateRatio(what: string, cell: Cell | undefined, base: Cell | undefined): readonly Ratio[] {
  if (cell === undefined || base === undefined) return []
  return [{ what, better: 'more', value: cell.requestsPerSecond / base.requestsPerSecond, noise: noiseOf(cell.ofTurns, base.ofTurns) }]
}

function cpuRatio(what: string, cell: Cell, base: Cell | undefined): readonly Ratio[] {
  const [us, baseUs] = [cpuOfAll(cell), base && cpuOfAll(base)]
  if (us === undefined || base === undefined || baseUs === undefined) return []
  return [{ what, better: 'less', value: us / baseUs, noise: noiseOf(cell.cpuUsOfTurns, base.cpuUsOfTurns) }]
}

/** Half the way from the smallest ratio of all turns to the largest, as a share of their mean. */
function noiseOf(values: readonly number[], bases: readonly number[]): number {
  const ratios = values.map((value, turn) => value / (bases[turn] ?? NaN)).filter(Number.isFinite)
  if (ratios.length === 0) return MIN_NOISE
  const [least, most] = [Math.min(...ratios), Math.max(...ratios)]
  return Math.max(MIN_NOISE, (most - least) / (most + least))
}
