import type { Count, Range } from './count.ts'

/** Counts pings. `strong`: exactly, from Postgres. Throws `UnavailableError`. */
export interface PingCounter {
  total(strong: boolean): Promise<Count>
  range(range: Range, strong: boolean): Promise<Count>
}
