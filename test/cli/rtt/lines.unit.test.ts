import { describe, expect, test } from 'vitest'
import { toJson, type JsonDocument } from '../../../src/cli/output/output.ts'
import { documentOf } from '../../../src/cli/rtt/probe-documents.ts'
import type { Outcome, ProbeEvent } from '../../../src/cli/rtt/probe-events.ts'
import { lineOf } from '../../../src/cli/rtt/probe-lines.ts'
import type { ProbeSessions } from '../../../src/cli/rtt/probe-sessions.ts'
import type { Addressees } from '../../../src/cli/rtt/probe.ts'
import { acked, answered, sessionsWith, due, echoed, leaders, refused, sent, time, unacked } from './sessions.ts'

/** One after the other: a probe changes with what happens to it. */
function* outcomesOf(sessions: ProbeSessions, events: readonly ProbeEvent[]): Generator<Outcome> {
  for (const event of events) yield* sessions.take(event)
}

/** The lines, and the JSON documents, of what happens. */
function shownFor(to: Addressees | undefined, ...events: readonly ProbeEvent[]) {
  const { sessions } = sessionsWith({ to })
  const [lines, documents]: [string[], JsonDocument[]] = [[], []]
  for (const outcome of outcomesOf(sessions, [leaders(1, 3), ...events])) {
    const [line, document] = [lineOf(outcome, { acks: true, to, waitMs: 1_000 }), documentOf(outcome)]
    if (line !== undefined) lines.push(line)
    if (document) documents.push(document)
  }
  return { lines, documents }
}

const ON_THE_WAY = [due(1), sent(1), acked(1, 1.834), echoed(1, 2.3)]

describe('the line of a probe', () => {
  test.each<readonly [string, Addressees | undefined, readonly ProbeEvent[], readonly string[]]>([
    ['with its echo', undefined, ON_THE_WAY, ['seq=1  p0@b1  ack 1.834   echo 2.300']],
    ['with its pong', 'one', [...ON_THE_WAY, answered(1, 12.046)], ['seq=1  p0@b1  ack 1.834   echo 2.300  pong 12.05  (server 0.400)']],
    [
      'that is late, over a change of the leader',
      'one',
      [due(2, 0, 1), sent(2), leaders(1, 2), acked(2, 212), echoed(2, 213.4), answered(2, 1_219)],
      ['leader of p1 moved b3->b2', 'seq=2  p1@b3  ack 212.0   echo 213.4  pong 1219   (server 0.400)  late  leader of p1 moved b3->b2'],
    ],
    [
      'that is answered again',
      'one',
      [...ON_THE_WAY, answered(1, 3), answered(1, 3.9, { attempt: 2, redelivered: true })],
      [
        'seq=1  p0@b1  ack 1.834   echo 2.300  pong 3.000  (server 0.400)',
        'seq=1  p0@b1  pong 3.900  again (duplicate of the answer, attempt 2, marked by the server)',
      ],
    ],
    [
      'that is read back again',
      undefined,
      [...ON_THE_WAY, echoed(1, 9)],
      ['seq=1  p0@b1  ack 1.834   echo 2.300', 'seq=1  p0@b1  echo 9.000  again (duplicate of the record)'],
    ],
    [
      'without an ack',
      undefined,
      [due(4), sent(4), unacked(4, 9), time(1_001)],
      ['seq=4  p0@b1  no ack in 1 s: may or may not be written (Closed connection)'],
    ],
    ['that was not sent', undefined, [due(4), time(1_001)], ['seq=4  p0@b1  not sent in 1 s']],
    [
      'that is not read back',
      undefined,
      [due(1), sent(1), acked(1, 1.8), time(1_001)],
      ['seq=1  p0@b1  ack 1.800   no echo in 1 s: acknowledged, but not read back'],
    ],
    ['whose ack alone is missing', undefined, [due(1), sent(1), echoed(1, 1.8), time(1_001)], ['seq=1  p0@b1  echo 1.800  no ack in 1 s']],
    ['that is refused', undefined, [due(1), sent(1), refused(1, 2)], ['seq=1  p0@b1  refused: MESSAGE_TOO_LARGE: too large']],
    [
      'that is out of order and changed',
      undefined,
      [due(1), sent(1), due(2), sent(2), echoed(2, 1), echoed(1, 2, 1, false), acked(1, 3)],
      ['seq=1  p0@b1  ack 3.000   echo 2.000  out of order  content changed'],
    ],
    [
      'that is asked again and never answered',
      'one',
      [...ON_THE_WAY, time(1_001), time(2_002)],
      [
        'seq=1  p0@b1  ack 1.834   echo 2.300  no pong in 1 s: asking again',
        'seq=1  p0@b1  never answered: there is no pong to the second ping either',
      ],
    ],
    [
      'of a partition without a leader',
      undefined,
      [due(1, 0, 2), sent(1), acked(1, 1), echoed(1, 2)],
      ['seq=1  p2@none  ack 1.000   echo 2.000'],
    ],
    [
      'for each of several answers',
      'all',
      [...ON_THE_WAY, answered(1, 3), answered(1, 4, { from: 'b' })],
      [
        'seq=1  p0@b1  ack 1.834   echo 2.300  pong 3.000  (server 0.400)  from pong-1',
        'seq=1  p0@b1  ack 1.834   echo 2.300  pong 4.000  (server 0.400)  from b',
      ],
    ],
    [
      'without the answer of one of the named',
      ['a', 'b'],
      [due(1), sent(1), acked(1, 1), echoed(1, 2), time(1_001)],
      ['seq=1  p0@b1  ack 1.000   echo 2.000  no pong in 1 s from a, b'],
    ],
  ])('%s', (_, to, events, lines) => {
    expect(shownFor(to, ...events).lines).toEqual(lines)
  })

  test.each([
    ['a pong was sent before, but not received', { attempt: 2, redelivered: true }],
    ['a pong may have been sent before, but was not received', { attempt: 1, redelivered: true }],
    ['not answered before the ping was sent again', {}],
  ])('says what the answer to the second ping shows of the first: %s', (verdict, answer) => {
    const { lines } = shownFor('one', ...ON_THE_WAY, time(1_001), answered(1, 1_005, answer))
    expect(lines.at(-1)).toBe(`seq=1  p0@b1  ack 1.834   echo 2.300  pong 1005   (server 0.400)  late; ${verdict}`)
  })
})

describe('the JSON of an outcome', () => {
  test('is one object a line, with all times from when the probe was due', () => {
    const { documents } = shownFor(
      'one',
      due(1, 100),
      sent(1, 100.5),
      acked(1, 101.8344),
      echoed(1, 102.3),
      answered(1, 104.1),
      answered(1, 105),
    )
    expect(documents.map(document => JSON.parse(toJson(document)) as unknown)).toEqual([
      {
        event: 'probe',
        seq: 1,
        partition: 0,
        leader: 1,
        state: 'answered',
        sentMs: 0.5,
        ackMs: 1.834,
        echoMs: 2.3,
        pongMs: 4.1,
        serverMs: 0.4,
        from: 'pong-1',
        attempt: 1,
        redelivered: false,
        askedAgainMs: null,
        reordered: false,
        damaged: false,
      },
      {
        event: 'duplicate',
        seq: 1,
        partition: 0,
        leader: 1,
        what: 'pong',
        pongMs: 5,
        serverMs: 0.4,
        from: 'pong-1',
        attempt: 1,
        redelivered: false,
      },
    ])
  })

  test('names the state of every probe that has ended', () => {
    const events = [
      due(1),
      sent(1),
      refused(1, 2),
      due(2),
      sent(2, 2),
      time(1_002),
      echoed(2, 1_003),
      due(3, 2_000),
      sent(3, 2_000),
      echoed(3, 2_001),
      acked(3, 2_001),
    ]
    const { documents } = shownFor(undefined, ...events)
    expect(documents).toMatchObject([
      { seq: 1, state: 'refused', reason: 'MESSAGE_TOO_LARGE: too large' },
      { seq: 2, state: 'lost', missing: ['echo'] },
      { seq: 2, state: 'late', echoMs: 1_003 },
      { seq: 3, state: 'echoed' },
    ])
  })

  test('has the leader that moved', () => {
    expect(shownFor(undefined, leaders(undefined, 3)).documents).toEqual([{ event: 'leader', partition: 0, from: 1, to: null }])
  })
})
