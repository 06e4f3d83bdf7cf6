import type { JsonDocument, JsonValue } from '../output/output.ts'
import { rounded } from '../run/run-report.ts'
import type { Outcome } from './probe-events.ts'
import { stateOf, type Answer, type Probe } from './probe.ts'

/** The JSON form of an outcome, one object a line; undefined: it has none. Times in ms from when the probe was due. */
export function documentOf(outcome: Outcome): JsonDocument | undefined {
  switch (outcome.kind) {
    case 'ask':
    case 'confirm':
      return undefined
    case 'done':
    case 'lost':
    case 'late':
    case 'refused':
    case 'unanswered':
      return { event: 'probe', ...probeDocument(outcome.probe), ...(outcome.kind === 'lost' ? { missing: outcome.missing } : {}) }
    case 'answer':
      return { event: 'answer', ...placeOf(outcome.probe), ...answerDocument(outcome.probe, outcome.answer) }
    case 'again':
      return againDocument(outcome)
    case 'forgotten':
      return { event: 'forgotten', seq: outcome.seq, what: outcome.what }
    case 'unexpected':
      return { event: 'unexpected', seq: outcome.seq, name: outcome.name }
    case 'leaderMoved':
      return { event: 'leader', partition: outcome.partition, from: nodeId(outcome.from), to: nodeId(outcome.to) }
  }
}

function againDocument({ probe, atMs, answer, isAsked }: Extract<Outcome, { readonly kind: 'again' }>): JsonDocument {
  const what = answer ? { what: 'pong', ...answerDocument(probe, answer) } : { what: 'echo', echoMs: sinceDue(probe, atMs) }
  return { event: isAsked ? 'again' : 'duplicate', ...placeOf(probe), ...what }
}

function placeOf({ seq, partition, leader }: Probe) {
  return { seq, partition, leader: leader ?? null }
}

function probeDocument(probe: Probe): JsonDocument {
  const [answer] = probe.answers
  return {
    ...placeOf(probe),
    state: stateOf(probe),
    sentMs: sinceDue(probe, probe.sentMs),
    ackMs: sinceDue(probe, probe.ackMs),
    echoMs: sinceDue(probe, probe.echoMs),
    ...(answer ? answerDocument(probe, answer) : { pongMs: null }),
    askedAgainMs: sinceDue(probe, probe.askedAgainMs),
    reordered: probe.reordered,
    damaged: probe.damaged,
    ...(probe.movedTo === undefined ? {} : { movedTo: nodeId(probe.movedTo) }),
    ...(probe.reason === undefined ? {} : { reason: probe.reason }),
  }
}

function answerDocument(probe: Probe, { from, atMs, heldMs, attempt, redelivered }: Answer) {
  return { pongMs: sinceDue(probe, atMs), serverMs: rounded(heldMs), from, attempt, redelivered }
}

function sinceDue({ dueMs }: Probe, atMs: number | undefined): JsonValue {
  return atMs === undefined ? null : rounded(atMs - dueMs)
}

function nodeId(id: number | 'none'): number | null {
  return id === 'none' ? null : id
}
