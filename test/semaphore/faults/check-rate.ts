import type { Resource } from './by-resource.ts'
import { violationOf, type Violation } from './violation.ts'

export interface Rate {
  readonly count: number
  readonly windowMs: number
}

/** Grants are sent soon after they are made, but not after the same time each: the first may come late, and the last early, by this much. */
const JITTER_MS = 500

/** In no window are more commands granted than the rate allows, as far as the times of their records show. */
export function checkRate({ granted }: Resource, rate: Rate | undefined): readonly Violation[] {
  if (rate === undefined) return []
  return granted.flatMap(({ command, grant }, index) => {
    const before = granted[index - rate.count]?.grant
    const spanMs = before && grant.appendedMs - before.appendedMs
    if (spanMs === undefined || spanMs >= rate.windowMs - JITTER_MS) return []
    return violationOf(command, 'above the rate', `got a slot ${spanMs} ms after ${rate.count} others, a window has ${rate.windowMs}`)
  })
}
