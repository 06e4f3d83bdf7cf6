import type { Command, Resource } from './by-resource.ts'
import type { Actionable, Outcome } from './history.ts'
import { violationOf, type Violation } from './violation.ts'

/** The program may give a holder this much longer than its lease, in ms. */
const GRACE_MS = 1_000

/** At the end: every request has become actionable, or an outcome says why not; every granted command has ended, once. */
export function checkEnds({ commands }: Resource): readonly Violation[] {
  return [...commands.values()].filter(({ requests }) => requests.length > 0).flatMap(checkEnd)
}

function checkEnd(command: Command): readonly Violation[] {
  const ends = distinctEnds(command.outcomes)
  const isRefused = command.outcomes.some(({ outcome }) => outcome === 'refused')
  const [grant] = command.grants
  if (!grant) {
    if (ends.length === 0 && !isRefused) return [violationOf(command, 'stuck', 'was requested and is still waiting at the end')]
    return ends.filter(({ outcome }) => outcome !== 'cancelled').map(end => wrong(command, end, 'without a record of its grant'))
  }
  if (ends.length === 0) return [violationOf(command, 'not ended', 'holds its slot at the end, although it was finished')]
  if (ends.length > 1) return [violationOf(command, 'ended twice', `is ${ends.map(({ outcome }) => outcome).join(' and ')}`)]
  const [end] = ends
  if (end!.token !== grant.token) return [wrong(command, end!, `with the token ${end!.token}, granted with ${grant.token}`)]
  return [...checkReason(command, end!, grant.leaseMs), ...checkLease(command, end!, grant)]
}

/** What came twice with the same content is a duplicate. */
function distinctEnds(outcomes: readonly Outcome[]): readonly Outcome[] {
  const ends = outcomes.filter(({ outcome }) => outcome !== 'refused' && outcome !== 'cancelling')
  return ends.filter((end, index) => ends.findIndex(({ outcome, token }) => outcome === end.outcome && token === end.token) === index)
}

function checkReason(command: Command, end: Outcome, leaseMs: number): readonly Violation[] {
  const asked = (what: 'finished' | 'cancel') =>
    command.events.some(({ event, token }) => event === what && (token ?? end.token) === end.token)
  if (end.outcome === 'finished' && !asked('finished')) return [wrong(command, end, 'but no event with its token finished it')]
  if (end.outcome === 'cancelled' && !asked('cancel')) return [wrong(command, end, 'but no event with its token cancelled it')]
  if (end.outcome === 'expired' && leaseMs === 0) return [wrong(command, end, 'but it has no lease')]
  return []
}

/** A holder that is silent until its lease has ended certainly, by the clock of the record, cannot finish. */
function checkLease(command: Command, end: Outcome, grant: Actionable): readonly Violation[] {
  if (grant.leaseMs === 0 || end.outcome !== 'finished') return []
  const own = command.events.filter(({ token }) => (token ?? grant.token) === grant.token)
  const lastMs = grant.appendedMs + grant.leaseMs + GRACE_MS
  if (own.some(({ appendedMs }) => appendedMs <= lastMs)) return []
  return [wrong(command, end, 'although its lease had ended before its holder was heard of')]
}

function wrong(command: Command, { outcome }: Outcome, what: string): Violation {
  return violationOf(command, 'wrong outcome', `is ${outcome} ${what}`)
}
