import type { Bench } from '../bench.ts'
import type { Contender } from '../contenders/contender.ts'
import { loadCell } from '../contenders/load-cell.ts'
import { startPing } from '../contenders/start-ping.ts'
import type { Cell } from '../load/cell.ts'
import { percentile } from '../measuring/statistics.ts'
import { startSpanReceiver } from '../parts/span-receiver.ts'
import { pingRequest } from './pings.ts'
import { takeTurns } from './turns.ts'

/** What tracing costs: Ping without it, with a hundredth of all calls traced, and with all of them. */
export const TRACED = { off: 'off', hundredth: '1 % sampled', all: 'all sampled', other: 'off, the other folder' } as const

const CONNECTIONS = 64
/**
 * About as often as a server under this load sends at the default of 5 s, since it also sends whenever it has 512 spans; and short enough
 * that a variant sends few of its spans in the turn of the next one.
 */
const SEND_SPANS_AFTER_MS = '1000'
/** The differences are small: more and shorter turns than other sections have. */
const TURNS_FACTOR = 2

interface Variant {
  readonly name: string
  readonly database: string
  readonly settings: NodeJS.ProcessEnv
  readonly folder?: string | undefined
}

/** Measures pings on several Pings at the same time, in turns: they differ in their traces only. */
export async function measureTracing(bench: Bench, firstCacheDb: number): Promise<readonly Cell[]> {
  const { seconds, turns, otherFolder } = bench.options
  const receiver = await startSpanReceiver(bench.teardown)
  const contenders: Contender[] = []
  try {
    const variants = variantsOf(receiver.url, otherFolder)
    for (const [index, { database, ...own }] of variants.entries())
      contenders.push(await startPing(bench, database, firstCacheDb + index, own))
    const entrants = variants.map(({ name }, index) => ({ name, target: contenders[index]!, request: pingRequest() }))
    const warmedUp: number[] = []
    for (const { target, request } of entrants) {
      const { result } = await loadCell(bench, target, { request, connections: CONNECTIONS, measureMs: bench.options.warmUpMs })
      warmedUp.push(result.answered)
    }
    const cells = await takeTurns(bench, entrants, {
      connections: CONNECTIONS,
      turns: turns * TURNS_FACTOR,
      turnMs: (seconds * 1000) / turns,
    })
    for (const [index, contender] of contenders.entries()) {
      const fault = await contender.verify(warmedUp[index]! + cells[index]!.answered)
      if (fault !== undefined) bench.complain(fault)
    }
    if (receiver.bytes() === 0) bench.complain('tracing: no spans were received')
    return cells
  } finally {
    for (const contender of contenders) await contender.stop()
  }
}

function variantsOf(url: string, otherFolder: string | undefined): readonly Variant[] {
  const sampled = (share: number): NodeJS.ProcessEnv => ({
    OTEL_EXPORTER_OTLP_ENDPOINT: url,
    OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
    OTEL_TRACES_SAMPLER_ARG: String(share),
    OTEL_BSP_SCHEDULE_DELAY: SEND_SPANS_AFTER_MS,
  })
  const variants: readonly Variant[] = [
    { name: TRACED.off, database: 'ping_untraced', settings: {} },
    { name: TRACED.hundredth, database: 'ping_traced_some', settings: sampled(0.01) },
    { name: TRACED.all, database: 'ping_traced_all', settings: sampled(1) },
  ]
  if (otherFolder === undefined) return variants
  return [...variants, { name: TRACED.other, database: 'ping_other', settings: {}, folder: otherFolder }]
}

/** What a variant has of another's pings per second: the median of the turns, each against the turn next to it. */
export function rateAgainst(cells: readonly Cell[], cell: Cell, base: string): number | undefined {
  return againstTurns(cell.ofTurns, cells.find(({ contender }) => contender === base)?.ofTurns)
}

/** The same for the CPU of a ping in all parts. */
export function cpuAgainst(cells: readonly Cell[], cell: Cell, base: string): number | undefined {
  return againstTurns(cell.cpuUsOfTurns, cells.find(({ contender }) => contender === base)?.cpuUsOfTurns)
}

function againstTurns(values: readonly number[], bases: readonly number[] | undefined): number | undefined {
  const ratios = values.map((value, turn) => value / (bases?.[turn] ?? NaN)).filter(Number.isFinite)
  return ratios.length === 0 ? undefined : percentile(ratios, 0.5)
}
