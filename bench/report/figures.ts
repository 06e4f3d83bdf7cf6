import type { BenchOptions } from '../bench.ts'
import type { Cell } from '../load/cell.ts'
import type { Machine } from '../parts/machine.ts'
import type { Profiles } from '../profile/read-profiles.ts'
import type { Bulk } from '../stages/bulk.ts'
import type { Counts } from '../stages/counts.ts'
import type { Freshness } from '../stages/freshness.ts'
import type { NpmStart } from '../stages/npm-start.ts'
import type { PoolSearch } from '../stages/pool-search.ts'
import type { ProcessorSpeed } from '../stages/processor-speed.ts'

/** Everything that a run measured; a section that did not run is undefined or empty. */
export interface Figures {
  /** When the run began, ISO 8601. */
  readonly at: string
  readonly tookSeconds: number
  /** The share of the machine, 0 … 1, that other programs used meanwhile; undefined without /proc. */
  readonly usedByOthers: number | undefined
  readonly options: BenchOptions
  readonly machine: Machine
  readonly poolSearch: PoolSearch | undefined
  readonly pings: readonly Cell[]
  readonly bulk: Bulk | undefined
  readonly counts: Counts | undefined
  readonly processor: ProcessorSpeed | undefined
  readonly freshness: readonly Freshness[] | undefined
  /** One cell for each share of traced calls. */
  readonly tracing: readonly Cell[] | undefined
  readonly start: NpmStart | undefined
  /** Where the programs spent their time; undefined if they were not profiled. */
  readonly profiles: Profiles | undefined
  /** Why figures must not be trusted; empty if everything was verified. */
  readonly invalid: readonly string[]
}
