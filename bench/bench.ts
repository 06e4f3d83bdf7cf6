import type { LoadGenerator } from './load/load-generator.ts'
import type { Contender as Broker } from './parts/brokers.ts'
import type { Parts } from './parts/parts.ts'
import type { Teardown } from './teardown.ts'

export const CONTENDERS = ['a', 'b', 'c', 'd', 'e', 'f', 'g'] as const
export type ContenderKey = (typeof CONTENDERS)[number]
/** Those that need something that npm does not install. */
export const OPTIONAL: readonly Section[] = ['f', 'g']
export const SECTIONS = [...CONTENDERS, 'bulk', 'start', 'count', 'processor', 'freshness', 'tracing'] as const
export type Section = (typeof SECTIONS)[number]

/** How much is measured. */
export interface BenchOptions {
  readonly broker: Broker
  /** How long each figure is measured, all turns together, in s. */
  readonly seconds: number
  /** How many connections the load generator uses, one figure each. */
  readonly connections: readonly number[]
  readonly only: readonly Section[]
  /** Into how many turns a contender's time is divided; the figures of all turns are merged. */
  readonly turns: number
  /** Pool sizes that are tried for the plain way. */
  readonly poolSizes: readonly number[]
  /** Load on a new contender before the measurement, in ms: it is slow until its hot code is compiled. */
  readonly warmUpMs: number
  /** How many connections ask for counts, one figure each. */
  readonly countConnections: readonly number[]
  /** Rows for the reads: `COUNT(*)` and the strong count. */
  readonly countRows: number
  /** Pings in the topic before the processor starts. */
  readonly processorEvents: number
  /** Part of the full length of each freshness run. */
  readonly freshnessShare: number
  /** How long `npm start` is measured at rest, in ms. */
  readonly restMs: number
  /** The program `nats-server`, for (f). */
  readonly natsServer: string | undefined
  /** The file `pgmq.sql`, for (g). */
  readonly pgmqSql: string | undefined
  /** The folder of another Ping, such as one of an earlier commit, that section tracing measures, too. */
  readonly otherFolder: string | undefined
  /** Where Ping's programs write CPU profiles; undefined: they do not. Profiled programs are slower. */
  readonly profileDir: string | undefined
}

/** What every stage of a run uses. */
export interface Bench {
  readonly options: BenchOptions
  readonly parts: Parts
  readonly generator: LoadGenerator
  /** Cleans up what outlives a stage if the run is interrupted. */
  readonly teardown: Teardown
  /** Reports the progress on standard error. */
  readonly progress: (text: string) => void
  /** Records that a figure must not be trusted, and why. */
  readonly complain: (what: string) => void
}
