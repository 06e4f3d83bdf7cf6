import { MAX_MINUTES_PER_FLUSH } from '../src/counters/flush.ts'
import type { Position } from '../src/terms/position.ts'

/** A ping on its way into the cache. */
export interface Entry extends Position {
  readonly minute: number
}

/** How many entries, from the first, have no more distinct minutes than one flush may carry. */
export function countWithin(entries: readonly Entry[]): number {
  const minutes = new Set<number>()
  for (let index = 0; index < entries.length; index++) {
    minutes.add(entries[index]!.minute)
    if (minutes.size > MAX_MINUTES_PER_FLUSH) return index
  }
  return entries.length
}
