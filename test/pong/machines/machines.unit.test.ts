import { describe, expect, test } from 'vitest'
import { begin, step } from '../../../pong/machines/step.ts'
import { MACHINES } from '../../../scripts/machines/page.ts'

const LIMIT_MS = 1_000

describe.each(MACHINES.map(table => [table.name, table] as const))('the machine %s', (name, table) => {
  const states = Object.entries(table.states)

  test('reaches every state, and from every state the end', () => {
    const next = (state: string) => Object.values(table.states[state]!.on).map(row => row!.next)
    const reached = reach([table.initial], next)
    expect(states.map(([state]) => state).filter(state => !reached.has(state))).toEqual([])
    const endless = states.filter(([state]) => ![...reach([state], next)].some(end => table.states[end]!.kind === 'over'))
    expect(endless).toEqual([])
  })

  test('has a time-out in every state but the first and the last: so that each session ends', () => {
    const without = states.filter(([state, { kind, on }]) => kind !== 'over' && state !== table.initial && on['timeout'] === undefined)
    expect(without).toEqual([])
  })

  test('ends a settled session by time alone', () => {
    for (const [state, { kind, on }] of states) if (kind === 'settled') expect(table.states[on['timeout']!.next]!.kind, state).toBe('over')
  })

  test('ends the waiting for a client by time alone, so that it can give way', () => {
    for (const [state, { kind, on }] of states)
      if (kind === 'yielding') expect(table.states[on['timeout']!.next]!.kind, state).toBe('settled')
  })

  test('keeps the time of a state only in states of the same kind, and not after a time-out: so that deadlines have an order', () => {
    for (const [state, { kind, on }] of states)
      for (const [event, row] of Object.entries(on)) {
        const next = table.states[row!.next]!
        if (next.keepsTime === true)
          expect([next.kind, event], `${event} while ${state}`).toEqual([kind, expect.not.stringMatching('timeout')])
      }
  })

  test('uses every event and every action that it describes', () => {
    const rows = states.flatMap(([, { on }]) => Object.entries(on))
    expect(new Set(rows.map(([event]) => event))).toEqual(new Set(Object.keys(table.events)))
    expect(new Set(rows.flatMap(([, row]) => row!.actions))).toEqual(new Set(Object.keys(table.actions)))
  })

  test('names an event that it does not expect, and stays where it is', () => {
    for (const [state, { on }] of states) {
      for (const event of Object.keys(table.events)) {
        const session = { ...begin(table, 0, LIMIT_MS), state }
        const result = step(table, session, event, 500, LIMIT_MS)
        if (on[event] === undefined) expect(result).toEqual({ kind: 'unexpected', name: `${name}: ${event} while ${state}` })
        else expect(result).toMatchObject({ kind: 'moved', session: { state: on[event].next }, actions: on[event].actions })
      }
    }
  })

  test('counts each sending as an attempt', () => {
    for (const [state, { on }] of states) {
      for (const [event, row] of Object.entries(on)) {
        const result = step(table, { state, attempt: 4, deadlineMs: 0 }, event, 0, LIMIT_MS)
        expect(result).toMatchObject({ session: { attempt: row!.actions.includes('send') ? 5 : 4 } })
      }
    }
  })
})

describe('a session', () => {
  const [ping, pong] = MACHINES
  test('keeps the rest of its time in a state that keeps the time', () => {
    const waiting = step(ping!, { state: 'sending', attempt: 1, deadlineMs: 1_000 }, 'acked', 700, LIMIT_MS)
    expect(waiting).toMatchObject({ session: { state: 'waiting', deadlineMs: 1_000 } })
  })

  test('has a new deadline in a new state and after a time-out, and the same deadline as long as it stays', () => {
    const sending = step(pong!, begin(pong!, 0, LIMIT_MS), 'ping', 10, LIMIT_MS)
    expect(sending).toMatchObject({ session: { state: 'sending', deadlineMs: 1_010 } })
    const session = sending.kind === 'moved' ? sending.session : begin(pong!, 0, 0)
    expect(step(pong!, session, 'ping', 500, LIMIT_MS)).toMatchObject({ session: { state: 'sending', deadlineMs: 1_010 } })
    expect(step(pong!, { ...session, state: 'overdue' }, 'timeout', 1_010, LIMIT_MS)).toMatchObject({
      session: { state: 'overdue', deadlineMs: 2_010 },
    })
  })
})

function reach(from: readonly string[], next: (state: string) => readonly string[]): ReadonlySet<string> {
  const reached = new Set(from)
  for (const state of reached) for (const each of next(state)) reached.add(each)
  return reached
}
