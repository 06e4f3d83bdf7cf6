import type { Resource } from './by-resource.ts'
import { violationOf, type Violation } from './violation.ts'

export interface Rate {
  readonly count: number
  readonly windowMs: number
}

/** A record follows its grant soon, but not after the same time each: later by up to this on a busy machine. */
const MAX_LATE_MS = 10_000

/** Grants are evenly spaced: between any two there are as many gaps as grants, as far as the times of their records show. */
export function checkRate({ granted }: Resource, rate: Rate | undefined): readonly Violation[] {
  if (rate === undefined) return []
  const gapMs = rate.windowMs / rate.count
  return granted.flatMap(({ command, grant }, index) => {
    const isEarly = (before: number) => grant.appendedMs - granted[before]!.grant.appendedMs < (index - before) * gapMs - MAX_LATE_MS
    const before = granted.findIndex((_, earlier) => earlier < index && isEarly(earlier))
    if (before < 0) return []
    return violationOf(command, 'above the rate', `is ${index - before} grants after ${granted[before]!.command.commandId}, too soon`)
  })
}
