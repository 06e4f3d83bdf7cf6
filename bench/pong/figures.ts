import type { Host } from '../parts/machine.ts'
import type { PlainKafka } from '../semaphore/plain-kafka.ts'
import type { RttSummary } from './run-rtt.ts'
import type { Scale } from './scale.ts'

/** All figures. */
export interface Measured {
  readonly host: Host
  readonly broker: string
  readonly plainKafka: PlainKafka
  /** One round trip at a time, the next when the one before is over. */
  readonly oneByOne: RttSummary
  /** Every `SCHEDULE_SECONDS`, so that nothing else is on its way. */
  readonly scheduled: RttSummary
  /** `IN_FLIGHT` at a time. */
  readonly flood: RttSummary
  /** CPU time of the server in % of a core, while nothing happens; undefined without /proc. */
  readonly idleCpuPercent: number | undefined
}

export const SCHEDULE_SECONDS = 0.02
export const IN_FLIGHT = 64

export function perSecond({ answered, elapsedMs }: RttSummary): number {
  return (answered / elapsedMs) * 1_000
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
