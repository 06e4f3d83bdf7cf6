import type { Cell } from './cells.ts'
import type { Figures } from './figures.ts'
import { rateRatio } from './report-pings.ts'

/** One aim and what was measured. */
export interface Aim {
  readonly what: string
  /** Whether the measured value should be at least or at most the aim. */
  readonly bound: 'least' | 'most'
  readonly aim: number
  /** Undefined when the section was not run. */
  readonly got: number | undefined
}

const CONNECTIONS = 64
/** "As fast" is measured to this share: two runs of the same thing differ by as much. */
const AS_FAST = 0.9

/** The aims with their measured values. */
export function judgeAims(figures: Figures): readonly Aim[] {
  const ping = figures.pings.find(cell => cell.contender === 'd' && cell.connections === CONNECTIONS)
  const against = (other: string): number | undefined => ping && rateRatio(figures.pings, ping, other)
  const at64 = (contender: string): Cell | undefined =>
    figures.counts?.strong.cells.find(cell => cell.contender === contender && cell.connections === CONNECTIONS)
  const [small, large] = [at64('small'), at64('large')]
  return [
    { what: 'Ping against (b), 64 connections', bound: 'least', aim: 0.8, got: against('b') },
    { what: 'Ping against (c), 64 connections', bound: 'least', aim: 5, got: against('c') },
    { what: 'processor, events/s', bound: 'least', aim: 150_000, got: figures.processor?.eventsPerSecond },
    ...(figures.freshness ?? []).map(({ traffic, p99Ms }): Aim => ({ what: `freshness p99, ${traffic}, ms`, bound: 'most', aim: 1_200, got: p99Ms })),
    {
      what: 'strong total, many rows against few, 64 connections',
      bound: 'least',
      aim: AS_FAST,
      got: small && large && large.requestsPerSecond / small.requestsPerSecond,
    },
  ]
}

/** "reached", or by how much it is short. */
export function verdict({ bound, aim, got }: Aim): string {
  if (got === undefined) return 'not measured'
  if (bound === 'least' ? got >= aim : got <= aim) return 'reached'
  const share = bound === 'least' ? 1 - got / aim : got / aim - 1
  return `short by ${(share * 100).toFixed(0)} %`
}
