import type { Span } from '../../tracing/tracing.ts'
import type { Count, Range } from './count.ts'

/** Counts pings. `strong`: exactly, from Postgres. `span`: that of the call, if it is traced. Throws `UnavailableError`. */
export interface PingCounter {
  total(strong: boolean, span?: Span): Promise<Count>
  range(range: Range, strong: boolean, span?: Span): Promise<Count>
}
