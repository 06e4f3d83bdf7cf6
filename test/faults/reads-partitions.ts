import type { Program } from '../support/programs.ts'

/** True if the processor has joined its group and was given something to read: by what it said last, in this life. */
export function readsPartitions(processor: Program): boolean {
  const log = processor.log()
  const life = log.slice(log.findLastIndex(line => line.includes('--- starting again')) + 1)
  return /"partitions":\[\d/.test(life.findLast(line => line.includes('reading these partitions')) ?? '')
}
