import { cpuOfAll, type Cell } from '../load/cell.ts'
import { sum } from '../measuring/statistics.ts'
import { copyRatio } from '../stages/bulk.ts'
import { ASKED } from '../stages/counts.ts'
import { rateAgainst, TRACED } from '../stages/tracing.ts'
import type { Figures } from './figures.ts'
import { rateRatio } from './render-pings.ts'

/** One aim and the measured value. */
export interface Aim {
  readonly what: string
  /** Whether the aim is a minimum or a maximum. */
  readonly bound: 'least' | 'most'
  readonly aim: number
  /** Undefined when it was not measured. */
  readonly got: number | undefined
}

/** "As fast" means at least this share: two runs of the same thing differ by as much. */
const AS_FAST = 0.9

const atLeast = (what: string, aim: number, got: number | undefined): Aim => ({ what, bound: 'least', aim, got })
const atMost = (what: string, aim: number, got: number | undefined): Aim => ({ what, bound: 'most', aim, got })

/** The aims with their measured values. */
export function judgeAims(figures: Figures): readonly Aim[] {
  return [
    ...pingAims(figures),
    ...bulkAims(figures),
    ...freshnessAims(figures),
    ...countAims(figures),
    ...processorAims(figures),
    ...tracingAims(figures),
    ...startAims(figures),
  ]
}

function pingAims({ pings }: Figures): readonly Aim[] {
  const ping = (connections: number): Cell | undefined => pings.find(cell => cell.contender === 'd' && cell.connections === connections)
  const against = (other: string, connections: number): number | undefined => {
    const cell = ping(connections)
    return cell && rateRatio(pings, cell, other)
  }
  const [one, many] = [ping(1), ping(64)]
  return [
    atLeast('Ping / (a) bare node:http, 64 connections', 0.45, against('a', 64)),
    atLeast('Ping / (a) bare node:http, 256 connections', 0.6, against('a', 256)),
    atLeast('Ping / (b) no-op through Connect, 64 connections', 2.5, against('b', 64)),
    atLeast('Ping / (c) the plain way, 64 connections', 9, against('c', 64)),
    atLeast('Ping / (e) single INSERTs, 1 connection', 0.6, against('e', 1)),
    atMost('CPU µs a ping in all parts, 64 connections', 45, many && cpuOfAll(many)),
    atMost('p50 ms, 1 connection', 0.25, one?.p50Ms),
    atMost('p99 ms, 64 connections', 8, many?.p99Ms),
    atMost('p999 ms, 64 connections', 25, many?.p999Ms),
  ]
}

function bulkAims({ bulk }: Figures): readonly Aim[] {
  const batches = bulk?.cells.filter(cell => cell.contender === 'batch') ?? []
  const best = batches.toSorted((a, b) => b.requestsPerSecond - a.requestsPerSecond)[0]
  return [
    atLeast('PingBatch / COPY, at the best load', 0.6, best && bulk && copyRatio(bulk.cells, best)),
    atLeast('PingBatch, durable pings/s, at the best load', 120_000, best?.requestsPerSecond),
  ]
}

function freshnessAims({ freshness }: Figures): readonly Aim[] {
  const of = (traffic: string) => freshness?.find(each => each.traffic === traffic)
  return [
    atMost('freshness, idle, median ms', 20, of('idle')?.p50Ms),
    atMost('freshness, idle, p99 ms', 1_100, of('idle')?.p99Ms),
    atMost('freshness, trickle, p99 ms', 1_100, of('trickle')?.p99Ms),
    atMost('freshness, load, p99 ms', 1_100, of('load')?.p99Ms),
  ]
}

function countAims({ counts }: Figures): readonly Aim[] {
  const at64 = (question: string): Cell | undefined => counts?.cells.find(cell => cell.contender === question && cell.connections === 64)
  const cached = at64(ASKED.cached)
  const onRows = (what: string): number | undefined => {
    const found = counts?.onRows.comparisons.find(each => each.what === what)
    return found && found.many.requestsPerSecond / found.few.requestsPerSecond
  }
  return [
    atLeast('PingCount, cached / bare node:http, 64 connections', 0.6, cached && counts && rateRatio(counts.cells, cached, ASKED.bare)),
    atLeast('PingCount, week, cached, calls/s, 64 connections', 8_000, at64(ASKED.week)?.requestsPerSecond),
    atLeast('PingCount, week, strong, calls/s, 64 connections', 3_000, at64(ASKED.strongWeek)?.requestsPerSecond),
    atLeast('strong total, many rows / few, 64 connections', AS_FAST, onRows('strong total')),
    atLeast('pings, many rows / few, 64 connections', AS_FAST, onRows('ping')),
  ]
}

function processorAims({ processor }: Figures): readonly Aim[] {
  return [
    atLeast('processor, events/s', 150_000, processor?.eventsPerSecond),
    atMost('processor, CPU µs an event', 3, processor?.cpuUsPerEvent?.['processor']),
    atMost('processor, memory, MB', 150, processor?.memoryMb),
    atMost('processor, ready after ms', 600, processor?.readyMs),
  ]
}

function tracingAims({ tracing }: Figures): readonly Aim[] {
  const against = (name: string, base: string): number | undefined => {
    const cell = tracing?.find(({ contender }) => contender === name)
    return cell && tracing && rateAgainst(tracing, cell, base)
  }
  return [
    atLeast('pings without traces / in the other folder, 64 connections', 0.995, against(TRACED.off, TRACED.other)),
    atLeast('pings with 1 % traced / without traces, 64 connections', 0.97, against(TRACED.hundredth, TRACED.off)),
  ]
}

function startAims({ start }: Figures): readonly Aim[] {
  const atRest = start && start.atRest.length > 0 ? sum(start.atRest.map(({ cpuPercent }) => cpuPercent)) : undefined
  return [
    atMost('npm start, new folder, ready after ms', 3_500, start?.newFolderMs),
    atMost('npm start, same folder, ready after ms', 2_000, start?.sameFolderMs),
    atMost('npm start, CPU at rest in all, % of a core', 0.5, atRest),
  ]
}

/** "reached", or by how much it is missed. */
export function verdict({ bound, aim, got }: Aim): string {
  if (got === undefined) return 'not measured'
  if (bound === 'least' ? got >= aim : got <= aim) return 'reached'
  const share = bound === 'least' ? 1 - got / aim : got / aim - 1
  return `short by ${(share * 100).toFixed(0)} %`
}
