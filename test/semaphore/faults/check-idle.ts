import type { Resource } from './by-resource.ts'
import { certainRelease } from './releases.ts'
import { violationOf, type Violation } from './violation.ts'

/** A time in which a part was down, in ms since the Unix epoch. */
export interface Outage {
  readonly fromMs: number
  readonly toMs: number
}

/**
 * No slot stays free while a command waits: grant n follows its request and the release of enough earlier grants within `patienceMs`, the
 * outages not counted. A command that has expired or was cancelled has no certain release, so the grants after it are not checked.
 */
export function checkIdle(resource: Resource, limit: number, patienceMs: number, outages: readonly Outage[]): readonly Violation[] {
  return grantDelays(resource, limit).flatMap(({ index, fromMs, toMs }) => {
    const delayMs = toMs - fromMs - overlap({ fromMs, toMs }, outages)
    if (delayMs <= patienceMs) return []
    return violationOf(resource.granted[index]!.command, 'idle slot', `waited ${delayMs} ms for its grant while a slot was free`)
  })
}

/** For each grant whose slot's release is certain: since when a slot was free for it, and when its record came. */
export function grantDelays({ granted }: Resource, limit: number): readonly (Outage & { readonly index: number })[] {
  const released = granted.map(certainRelease)
  return granted.flatMap(({ command, grant }, index) => {
    const requestedMs = Math.max(Math.min(...command.requests.map(({ appendedMs }) => appendedMs)), 0)
    const freeMs = index < limit ? 0 : released.slice(0, index).toSorted((a, b) => a - b)[index - limit]!
    const fromMs = Math.max(requestedMs, freeMs)
    return fromMs === Infinity ? [] : { index, fromMs, toMs: grant.appendedMs }
  })
}

/** The length of what any of the outages covers; they may overlap. */
function overlap({ fromMs, toMs }: Outage, outages: readonly Outage[]): number {
  let coveredTo = fromMs
  let covered = 0
  for (const outage of outages.toSorted((a, b) => a.fromMs - b.fromMs)) {
    const start = Math.max(coveredTo, outage.fromMs)
    const end = Math.min(toMs, outage.toMs)
    if (end <= start) continue
    covered += end - start
    coveredTo = end
  }
  return covered
}
