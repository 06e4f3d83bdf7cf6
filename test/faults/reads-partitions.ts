import type { Program } from '../support/programs.ts'

/** True if the processor has joined its group and was assigned partitions to read: by its last log line, in this life. */
export function readsPartitions(processor: Program): boolean {
  return /"partitions":\[\d/.test(lastJoin(processor))
}

/** What the processor logged when it last joined its group, in this life; empty if it has not. */
export function lastJoin(processor: Program): string {
  return joinsOf(processor).at(-1) ?? ''
}

/** How often the processor has joined its group, in this life. */
export function countJoins(processor: Program): number {
  return joinsOf(processor).length
}

function joinsOf(processor: Program): readonly string[] {
  const log = processor.log()
  const life = log.slice(log.findLastIndex(line => line.includes('--- starting again')) + 1)
  return life.filter(line => line.includes('reading these partitions'))
}
