import type { Table } from './machine.ts'

/** Where one session of a machine is. */
export interface Session {
  readonly state: string
  /** When the session gets the event `timeout` in this state, in ms of the caller's clock. */
  readonly deadlineMs: number
  /** How often the session has sent its message: 0 before the first. */
  readonly attempt: number
}

/** What an event did. An unexpected event changes nothing; the caller counts and logs it under its name. */
export type Step<Action extends string> =
  | { readonly kind: 'moved'; readonly session: Session; readonly actions: readonly Action[] }
  | { readonly kind: 'unexpected'; readonly name: string }

/** The action that sends the session's message: each one is an attempt. */
const SEND = 'send'

/** A session that has had no event yet. `limitMs`: how long a session may stay in one state. */
export function begin({ initial }: { readonly initial: string }, nowMs: number, limitMs: number): Session {
  return { state: initial, deadlineMs: nowMs + limitMs, attempt: 0 }
}

/** Applies an event to a session. Pure. A repeated message does not keep a session alive: a deadline is new only in a new state, unless it keeps the time, and after a time-out. */
export function step<Event extends string, Action extends string>(
  table: Table<Event, Action>,
  session: Session,
  event: Event,
  nowMs: number,
  limitMs: number,
): Step<Action> {
  const row = table.states[session.state]!.on[event]
  if (row === undefined) return { kind: 'unexpected', name: `${table.name}: ${event} while ${session.state}` }
  const { next, actions } = row
  const keepsDeadline = event !== 'timeout' && (next === session.state || table.states[next]!.keepsTime === true)
  const moved = {
    state: next,
    deadlineMs: keepsDeadline ? session.deadlineMs : nowMs + limitMs,
    attempt: (actions as readonly string[]).includes(SEND) ? session.attempt + 1 : session.attempt,
  }
  return { kind: 'moved', session: moved, actions }
}
