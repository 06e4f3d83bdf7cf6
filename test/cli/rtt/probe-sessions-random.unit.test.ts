import { describe, expect, test } from 'vitest'
import type { Outcome, ProbeEvent } from '../../../src/cli/rtt/probe-events.ts'
import { stateOf, type Fate } from '../../../src/cli/rtt/probe.ts'
import { atDepth } from '../../support/depth.ts'
import { seededRandom, type Random } from '../../support/random.ts'
import { acked, answered, sessionsWith, due, echoed, refused, sent, time, unacked, WAIT_MS } from './sessions.ts'

const PROBES = 40
const ROUNDS = atDepth({ normally: 100, thoroughly: 400 })

type Timed = Exclude<ProbeEvent, { readonly kind: 'leaders' }>
const atMsOf = (event: Timed): number => (event.kind === 'answered' ? event.answer.atMs : event.atMs)

const RUNS = [
  { to: undefined, handshake: false, acks: true },
  { to: undefined, handshake: false, acks: false },
  { to: 'one', handshake: false, acks: true },
  { to: 'one', handshake: false, acks: false },
  { to: 'one', handshake: true, acks: true },
] as const

/** Any of what may happen to a probe, at any time, early or late, once or several times. */
function eventsOf(seq: number, random: Random, { to, acks }: (typeof RUNS)[number]): readonly Timed[] {
  const dueMs = random.between(0, 500)
  const later = (): number => dueMs + random.between(1, 3 * WAIT_MS)
  const some = (make: (seq: number, atMs: number) => ProbeEvent, most: number) =>
    Array.from({ length: random.between(0, most + 1) }, () => make(seq, later()))
  const ends = random.pick(acks ? [acked, unacked, refused] : [unacked, refused])
  const events = [due(seq, dueMs, random.between(0, 3)), sent(seq, dueMs), ...some(ends, 1), ...some(echoed, 2)]
  return [...events, ...(to === undefined ? [] : some(answered, 2))] as readonly Timed[]
}

/** Kafka has the ack, or has it not, or nothing is known of it. */
function endsOfAck(atMs: number, outcome: Outcome, random: Random): readonly ProbeEvent[] {
  const kind = random.pick(['confirmed', 'unconfirmed', undefined] as const)
  return outcome.kind === 'confirm' && kind !== undefined ? [{ kind, seq: outcome.probe.seq, atMs }] : []
}

/** What becomes of a probe, by a rule of its own: only the first goal and the refusal decide. */
function expectedFate(events: readonly Timed[], goal: 'echoed' | 'answered', endMs: number): Fate {
  const [begin] = events
  const [deadline, first] = [atMsOf(begin!) + WAIT_MS, events.find(({ kind }) => kind === goal)]
  const refusal = events.find(({ kind }) => kind === 'refused')
  const isRefused = refusal !== undefined && atMsOf(refusal) <= deadline && (!first || events.indexOf(refusal) < events.indexOf(first))
  if (first) return isRefused || atMsOf(first) > deadline ? 'late' : 'inTime'
  return isRefused ? 'refused' : endMs >= deadline ? 'lost' : 'open'
}

describe.each(RUNS)('whatever happens to probes, in whatever order (to: $to, handshake: $handshake, acks: $acks)', run => {
  const { to } = run
  const goal = to === undefined ? 'echoed' : 'answered'

  test('each is counted once, as what became of it, however often time-outs are looked for, and is said to be done if it was in time', () => {
    const seen = new Set<string>()
    for (let seed = 1; seed <= ROUNDS; seed++) {
      const random = seededRandom(seed)
      const histories = Array.from({ length: PROBES }, (_, index) =>
        [...eventsOf(index + 1, random, run)].sort((a, b) => atMsOf(a) - atMsOf(b)),
      )
      const endMs = random.between(0, 4 * WAIT_MS)
      const tickMs = random.pick([1, 20, 700])
      const ticks = Array.from({ length: Math.floor(endMs / tickMs) }, (_, index) => time(index * tickMs) as Timed)
      // Ticks come last of what has the same time.
      const all = [...histories.flat(), ...ticks, time(endMs) as Timed]
        .sort((a, b) => atMsOf(a) - atMsOf(b))
        .filter(event => atMsOf(event) <= endMs)
      const { sessions, take, outcomes } = sessionsWith({ ...run, graceMs: 1e9 })
      const wrong: unknown[] = [] // an expect at each event would take most of the time
      for (const event of all) {
        for (const kind of take(event)) if (kind === 'confirm') take(...endsOfAck(atMsOf(event), outcomes.at(-1)!, random))
        const { due: total, open, inTime, late, lost, refused: bounced } = sessions.tally()
        if (open + inTime + late + lost + bounced !== total) wrong.push({ event, tally: sessions.tally() })
      }
      expect({ seed, wrong, unexpected: outcomes.filter(({ kind }) => kind === 'unexpected') }).toEqual({ seed, wrong: [], unexpected: [] })
      const fates = histories.flatMap(history => {
        const happened = history.filter(event => atMsOf(event) <= endMs)
        return happened.length === 0 ? [] : [expectedFate(happened, goal, endMs)]
      })
      const count = (fate: Fate): number => fates.filter(each => each === fate).length
      const { open, inTime, late, lost, refused: bounced } = sessions.tally()
      expect({ seed, open, inTime, late, lost, refused: bounced }).toEqual({
        seed,
        open: count('open'),
        inTime: count('inTime'),
        late: count('late'),
        lost: count('lost'),
        refused: count('refused'),
      })
      for (const outcome of outcomes) if ('probe' in outcome) seen.add(stateOf(outcome.probe))
      take(time(1e6), time(2e6))
      const done = outcomes.flatMap(outcome => (outcome.kind === 'done' ? [outcome.probe.seq] : []))
      expect({ seed, done: done.length, probes: new Set(done).size }).toEqual({ seed, done: inTime, probes: inTime })
    }
    expect([...seen].sort()).toEqual(expect.arrayContaining(['late', 'lost', 'refused', to === undefined ? 'echoed' : 'answered']))
  })

  test('each has at most one line as done, lost, late or refused of each kind, and none after it is done', () => {
    for (let seed = 1; seed <= ROUNDS; seed++) {
      const random = seededRandom(seed)
      const events = random.shuffled(Array.from({ length: PROBES }, (_, index) => eventsOf(index + 1, random, run)).flat())
      const { take, outcomes } = sessionsWith({ ...run, graceMs: 1e9 })
      const isBegin = ({ kind }: Timed): boolean => kind === 'due' || kind === 'sent'
      const dues = events.filter(({ kind }) => kind === 'due')
      const sends = events.filter(({ kind }) => kind === 'sent')
      take(
        ...dues,
        ...sends,
        ...events.filter(event => !isBegin(event)).flatMap(event => [event, time(atMsOf(event))]),
        time(1e6),
        time(2e6),
      )
      for (const { seq } of dues as readonly { readonly seq: number }[]) {
        const kinds = outcomes.flatMap(outcome => ('probe' in outcome && outcome.probe.seq === seq ? [outcome.kind] : []))
        const ends = kinds.filter(kind => kind !== 'again' && kind !== 'confirm')
        expect(new Set(ends).size).toBe(ends.length)
        if (ends.includes('done')) expect(ends).toEqual(['done'])
      }
    }
  })
})
