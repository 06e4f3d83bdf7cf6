import type { Resource } from './by-resource.ts'
import { earliestRelease } from './releases.ts'
import { violationOf, type Violation } from './violation.ts'

/**
 * A slot is taken from the grant's record until the program could know that it is free. Both times are the broker's. The real slot is
 * taken earlier and freed later, so whatever this finds is a violation.
 */
export function checkLimit({ granted }: Resource, limit: number): readonly Violation[] {
  const released = granted.map(earliestRelease)
  return granted.flatMap(({ command, grant }, index) => {
    const held = granted.slice(0, index).filter((_, earlier) => released[earlier]! > grant.appendedMs)
    if (held.length < limit) return []
    const holders = held.map(each => each.command.commandId).join(', ')
    return violationOf(command, 'above the limit', `got a slot while ${holders} had not been finished, limit ${limit}`)
  })
}
