import type { Machine } from '../parts/machine.ts'
import type { Latency } from './measure-latency.ts'
import type { Rates } from './measure-rate.ts'
import type { WaitingFigures } from './measure-waiting.ts'
import type { PlainKafka } from './plain-kafka.ts'
import type { PlainPostgres } from './plain-postgres.ts'
import type { Scale } from './scale.ts'

/** All figures. */
export interface Measured {
  readonly machine: Machine
  readonly plainPostgres: PlainPostgres
  readonly plainKafka: PlainKafka
  /** Over many resources, each with a limit of one. */
  readonly many: Rates
  /** Requested, granted and finished at the same time, per second. */
  readonly lives: number
  /** On one resource with a limit of one, and of `MANY_AT_A_TIME`. */
  readonly one: Rates
  readonly oneWide: Rates
  readonly requestLatency: Latency
  readonly freedLatency: Latency
  readonly queue: WaitingFigures
  /** CPU time of the program in % of a core, while nothing happens; undefined without /proc. */
  readonly idleCpuPercent: number | undefined
}

/** What a run writes as JSON. */
export interface Figures extends Measured {
  /** When the run began, ISO 8601. */
  readonly at: string
  readonly tookSeconds: number
  readonly command: string
  /** The share of the machine, 0 … 1, that other programs used meanwhile; undefined without /proc. */
  readonly usedByOthers: number | undefined
  readonly scale: Scale
  /** Why figures must not be trusted; empty if everything was verified. */
  readonly invalid: readonly string[]
}
