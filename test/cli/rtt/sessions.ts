import type { Outcome, ProbeEvent } from '../../../src/cli/rtt/probe-events.ts'
import { ProbeSessions, type SessionsOptions } from '../../../src/cli/rtt/probe-sessions.ts'
import type { Answer } from '../../../src/cli/rtt/probe.ts'
import { Statistics } from '../../../src/cli/rtt/statistics.ts'

export const WAIT_MS = 1_000

/** Sessions with their statistics, whose outcomes are kept. */
export function sessionsWith(options: Partial<SessionsOptions> = {}) {
  const statistics = new Statistics(options.to === undefined ? 'echo' : 'pong')
  const onMeasured: SessionsOptions['onMeasured'] = (measure, probe, ms) => statistics.measured(measure, probe, ms)
  const defaults = { acks: true, to: undefined, handshake: false, waitMs: WAIT_MS, graceMs: 5_000, maxKept: 1_000 }
  const sessions = new ProbeSessions({ ...defaults, onMeasured, ...options })
  const outcomes: Outcome[] = []
  const take = (...events: readonly ProbeEvent[]): readonly Outcome['kind'][] =>
    events.flatMap(event => {
      const taken = sessions.take(event)
      outcomes.push(...taken)
      return taken.map(({ kind }) => kind)
    })
  return { sessions, statistics, outcomes, take }
}

export const due = (seq: number, atMs = 0, partition = 0): ProbeEvent => ({ kind: 'due', seq, partition, atMs })
export const sent = (seq: number, atMs = 0): ProbeEvent => ({ kind: 'sent', seq, atMs })
export const acked = (seq: number, atMs: number): ProbeEvent => ({ kind: 'acked', seq, atMs })
export const unacked = (seq: number, atMs: number): ProbeEvent => ({ kind: 'unacked', seq, atMs, reason: 'Closed connection' })
export const refused = (seq: number, atMs: number): ProbeEvent => ({ kind: 'refused', seq, atMs, reason: 'MESSAGE_TOO_LARGE: too large' })
export const echoed = (seq: number, atMs: number, attempt = 1, intact = true): ProbeEvent => ({
  kind: 'echoed',
  seq,
  atMs,
  attempt,
  intact,
})
export const confirmed = (seq: number, atMs: number): ProbeEvent => ({ kind: 'confirmed', seq, atMs })
export const unconfirmed = (seq: number, atMs: number): ProbeEvent => ({ kind: 'unconfirmed', seq, atMs })
export const time = (atMs: number): ProbeEvent => ({ kind: 'time', atMs })
export const leaders = (...nodes: readonly (number | undefined)[]): ProbeEvent => ({
  kind: 'leaders',
  atMs: 0,
  leaders: new Map(nodes.flatMap((node, partition) => (node === undefined ? [] : [[partition, node] as const]))),
})

export function answered(seq: number, atMs: number, answer: Partial<Answer> = {}): ProbeEvent {
  return { kind: 'answered', seq, answer: { from: 'pong-1', atMs, heldMs: 0.4, attempt: 1, redelivered: false, intact: true, ...answer } }
}
