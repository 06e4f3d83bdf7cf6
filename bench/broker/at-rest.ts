import { wait } from '../../src/runtime/wait.ts'
import { readCpu } from '../measuring/cpu.ts'
import { rssMb } from '../measuring/rss-mb.ts'
import { CONTENDERS, type Contender } from '../parts/brokers.ts'
import { compare, type Comparison } from './comparison.ts'
import type { Measured } from './figures.ts'
import type { MeasuredBroker } from './measured-broker.ts'

/** An idle broker. Undefined where the system has no /proc. */
export interface AtRest {
  readonly rssMb: number | undefined
  /** CPU in % of a core. */
  readonly cpuPercent: number | undefined
}

const SETTLE_MS = 1_000
const LOOK_MS = 2_000

export async function lookAtRest({ started: { child } }: MeasuredBroker): Promise<AtRest> {
  await wait(SETTLE_MS)
  const cpu = (): number | undefined => readCpu({ broker: child.pid })?.['broker']
  const [before, startedAt] = [cpu(), performance.now()]
  await wait(LOOK_MS)
  const [after, seconds] = [cpu(), (performance.now() - startedAt) / 1000]
  return {
    rssMb: rssMb(child.pid),
    cpuPercent: before === undefined || after === undefined ? undefined : ((after - before) / seconds) * 100,
  }
}

type OfBoth = Readonly<Record<Contender, AtRest>>

export const IDLE = 'after the start'
export const LOADED = 'after the load'

export function restFigures(idle: OfBoth, loaded: OfBoth): Pick<Measured, 'memory' | 'idle'> {
  const rows = (pick: (look: AtRest) => number | undefined): readonly Comparison[] =>
    (
      [
        [IDLE, idle],
        [LOADED, loaded],
      ] as const
    ).flatMap(([what, looks]) => compareOnce(what, looks, pick) ?? [])
  return { memory: rows(look => look.rssMb), idle: rows(look => look.cpuPercent) }
}

function compareOnce(what: string, looks: OfBoth, pick: (look: AtRest) => number | undefined): Comparison | undefined {
  const [ours = [], apache = []] = CONTENDERS.map(contender => [pick(looks[contender])].filter(value => value !== undefined))
  return compare(what, { ours, apache })
}
