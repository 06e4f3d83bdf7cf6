import type { Span } from '../../tracing/tracing.ts'
import type { Count, Range } from './count.ts'

/** Counts pings. `strong`: exactly, from Postgres. `span`: that of the call, if it is traced. Throws `UnavailableError`. */
export interface PingCounter {
  /** The highest total that was answered. No later answer is lower, unless Postgres has lost rows. */
  readonly answered: bigint
  total(strong: boolean, span?: Span): Promise<Count>
  range(range: Range, strong: boolean, span?: Span): Promise<Count>
}
