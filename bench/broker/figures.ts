import type { Host } from '../parts/machine.ts'
import type { Comparison } from './comparison.ts'
import type { Scale } from './loads.ts'

/** All figures of both brokers. */
export interface Measured {
  /** From the start of the process until the first answer, in ms. */
  readonly startUp: readonly Comparison[]
  /** In MB. */
  readonly memory: readonly Comparison[]
  /** CPU of a broker without clients, in % of a core. */
  readonly idle: readonly Comparison[]
  /** Records per second. */
  readonly rates: readonly Comparison[]
  /** Of one send, in ms. */
  readonly latencies: readonly Comparison[]
  /** CPU µs per record of the broker, and of its client. */
  readonly brokerCpu: readonly Comparison[]
  readonly clientCpu: readonly Comparison[]
  /** Acknowledged records that were found, of both brokers. */
  readonly verifiedRecords: number
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
  readonly host: Host
  /** Why figures must not be trusted; empty if everything was verified. */
  readonly invalid: readonly string[]
}
