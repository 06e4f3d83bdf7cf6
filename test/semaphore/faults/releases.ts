import type { GrantedCommand } from './by-resource.ts'
import type { Actionable, Event } from './history.ts'

/**
 * The first moment at which the program could know that the slot is free: the append of the first event that may end this grant, or the
 * end of its lease if the outcome allows for it. The slot is really free later, never earlier. Infinity: nothing has freed it.
 *
 * The program sets the lease's start when it grants, which is after the request and before the record. A request that a call made may be
 * the only one.
 */
export function earliestRelease({ command, grant }: GrantedCommand): number {
  const sent = command.events.filter(event => endsGrant(event, grant)).map(({ appendedMs }) => appendedMs)
  // The end of the lease confirms a cancellation as well.
  const isExpired = grant.leaseMs > 0 && command.outcomes.some(({ outcome }) => outcome === 'expired' || outcome === 'cancelled')
  const requestedMs = Math.min(...command.requests.map(({ appendedMs }) => appendedMs), grant.appendedMs)
  return Math.min(...sent, isExpired ? requestedMs + grant.leaseMs : Infinity)
}

/**
 * The last moment at which an event for the slot could still be on its way: the append of the first one that came after the grant's
 * record, and so must have been effective. Infinity: there was none.
 */
export function certainRelease({ command, grant }: GrantedCommand): number {
  const sent = command.events.filter(event => event.event !== 'cancel' && endsGrant(event, grant)).map(({ appendedMs }) => appendedMs)
  return Math.min(...sent.filter(ms => ms >= grant.appendedMs), Infinity)
}

/** Without a token an event ends whatever its command holds. Before the grant it changes nothing, but when that was is not in the topics. */
function endsGrant({ event, token, isImmediate }: Event, grant: Actionable): boolean {
  return event !== 'extend' && isImmediate && (token === undefined || token === grant.token)
}
