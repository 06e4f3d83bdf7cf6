import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { Driver } from '../../../pong/driver/driver.ts'
import { handshakeServerMachine } from '../../../pong/machines/handshake-server.ts'
import { pingMachine } from '../../../pong/machines/ping.ts'

type Event = keyof typeof handshakeServerMachine.events
type Action = keyof typeof handshakeServerMachine.actions
type PingEvent = keyof typeof pingMachine.events
type PingAction = keyof typeof pingMachine.actions

interface Options {
  readonly settledMs?: number
  readonly maxOpen?: number
  readonly maxSettled?: number
}

function createDriver({ maxOpen = 10_000, maxSettled = 10, ...limits }: Options = {}) {
  const actions: string[] = []
  const unexpected: string[] = []
  const clock = { nowMs: 0 }
  const driver = new Driver<Event, Action, object>({
    limitMs: 1_000,
    ...limits,
    maxOpen,
    maxSettled,
    nowMs: () => clock.nowMs,
    perform: (action, { id }) => actions.push(`${id} ${action}`),
    onUnexpected: name => unexpected.push(name),
  })
  const begin = (id: string, data = {}) => driver.begin(id, handshakeServerMachine, data)
  return { driver, begin, actions, unexpected, clock }
}

describe('the driver of sessions', () => {
  test('ends each session by its own time-out, and goes on with the others', () => {
    const { driver, begin, actions, clock } = createDriver()
    const [a, b] = [begin('a'), begin('b')]
    driver.fire(a, 'ping')
    clock.nowMs = 600
    driver.fire(b, 'ping')
    clock.nowMs = 1_000
    driver.tick()
    expect(actions).toEqual(['a send', 'b send', 'a warn'])
    driver.fire(b, 'acked')
    driver.fire(a, 'acked')
    expect(actions.slice(3)).toEqual(['b finish', 'a finish'])
  })

  test('forgets a session after its time, and ignores what comes for it later', () => {
    const { driver, begin, actions, clock } = createDriver()
    const session = begin('a')
    for (const event of ['ping', 'acked', 'ack'] as const) driver.fire(session, event)
    expect([driver.openSessions, driver.settledSessions, driver.find('a')?.session.state]).toEqual([0, 1, 'confirmed'])
    clock.nowMs = driver.nextDeadlineMs!
    driver.tick()
    expect([driver.settledSessions, driver.find('a')]).toEqual([0, undefined])
    const before = actions.length
    driver.fire(session, 'ping')
    expect(actions).toHaveLength(before)
  })

  test('remembers settled sessions for a time of their own, and counts the time in other states as before', () => {
    const { driver, begin, clock } = createDriver({ settledMs: 5_000 })
    const [a, b] = [begin('a'), begin('b')]
    for (const event of ['ping', 'acked', 'ack'] as const) driver.fire(a, event)
    driver.fire(b, 'ping')
    for (const [nowMs, states] of [
      [1_000, ['confirmed', 'overdue']],
      [4_999, ['confirmed', 'overdue']],
      [5_000, [undefined, 'overdue']],
    ] as const) {
      clock.nowMs = nowMs
      driver.tick()
      expect([driver.find('a')?.session.state, driver.find('b')?.session.state]).toEqual(states)
    }
  })

  test('times out sessions in the order of their deadlines, also those that kept the rest of their time in a new state', () => {
    const timedOut: string[] = []
    const clock = { nowMs: 0 }
    const driver = new Driver<PingEvent, PingAction, undefined>({
      limitMs: 1_000,
      maxOpen: 10,
      maxSettled: 10,
      nowMs: () => clock.nowMs,
      perform: (action, { id }) => action === 'lose' && timedOut.push(`${id} ${clock.nowMs}`),
      onUnexpected: name => expect.unreachable(name),
    })
    const [a, b] = ['a', 'b'].map(id => driver.begin(id, pingMachine, undefined))
    driver.fire(a!, 'start')
    clock.nowMs = 10
    driver.fire(b!, 'start')
    clock.nowMs = 900
    driver.fire(a!, 'acked')
    for (clock.nowMs of [999, 1_000, 1_009, 1_010]) driver.tick()
    expect(timedOut).toEqual(['a 1000', 'b 1010'])
  })

  test('lists the data of all sessions that are not settled', () => {
    const { driver, begin } = createDriver()
    const [a, b] = [begin('a', { of: 'a' }), begin('b', { of: 'b' })]
    begin('c', { of: 'c' })
    for (const event of ['ping', 'acked'] as const) driver.fire(b, event) // it yields
    for (const event of ['ping', 'acked', 'ack'] as const) driver.fire(a, event)
    expect([...driver.openData()]).toEqual([{ of: 'c' }, { of: 'b' }])
  })

  test('names an event that no row expects', () => {
    const { driver, begin, unexpected } = createDriver()
    driver.fire(begin('a'), 'buried')
    expect(unexpected).toEqual(['handshake-server: buried while listening'])
  })

  test('is full at the maximum of open sessions, and says when there is room', async () => {
    const { driver, begin } = createDriver({ maxOpen: 2 })
    const [a] = [begin('a'), begin('b')]
    expect(driver.isFull).toBe(true)
    let hasRoom = false
    const room = driver.untilRoom().then(() => (hasRoom = true))
    await Promise.resolve()
    expect(hasRoom).toBe(false)
    for (const event of ['ping', 'acked', 'ack'] as const) driver.fire(a, event)
    await room
    expect(driver.isFull).toBe(false)
  })

  test('lets the oldest session that only waits for its client give way to a new one, and still takes the ack of it', () => {
    const { driver, begin, actions } = createDriver({ maxOpen: 2 })
    const [a, b] = [begin('a'), begin('b')]
    for (const session of [a, b]) for (const event of ['ping', 'acked'] as const) driver.fire(session, event)
    expect([driver.openSessions, driver.isFull]).toEqual([2, false])
    begin('c')
    expect([driver.openSessions, driver.settledSessions]).toEqual([2, 1])
    expect([a, b].map(({ session }) => session.state)).toEqual(['unconfirmed', 'waiting'])
    driver.fire(a, 'ack')
    expect(actions.slice(4)).toEqual(['a miss', 'a confirm'])
  })

  test('keeps to the maximum of open sessions when one that was settled is asked again', () => {
    const { driver, begin } = createDriver({ maxOpen: 1 })
    const a = begin('a')
    for (const event of ['ping', 'acked', 'ack'] as const) driver.fire(a, event)
    const b = begin('b')
    for (const event of ['ping', 'acked'] as const) driver.fire(b, event)
    driver.fire(a, 'ping')
    expect([driver.openSessions, b.session.state]).toEqual([1, 'unconfirmed'])
  })

  test('has room for others while a session only has to leave, and still ends that one', () => {
    const { driver, begin, actions, clock } = createDriver({ maxOpen: 1 })
    const a = begin('a')
    for (const event of ['ping', 'refused'] as const) driver.fire(a, event)
    expect([driver.isFull, driver.openSessions, driver.leavingSessions]).toEqual([false, 0, 1])
    driver.fire(begin('b'), 'ping')
    expect([driver.isFull, driver.leavingSessions, a.session.state]).toEqual([true, 1, 'burying'])
    clock.nowMs = driver.nextDeadlineMs!
    driver.tick()
    driver.fire(driver.find('a')!, 'buried')
    expect([driver.leavingSessions, driver.settledSessions, a.session.state]).toEqual([0, 1, 'refused'])
    expect(actions).toContain('a finish')
  })

  test('forgets the oldest settled session when there are too many', () => {
    const { driver, begin } = createDriver({ maxSettled: 2 })
    for (const id of ['a', 'b', 'c']) {
      const session = begin(id)
      for (const event of ['ping', 'acked', 'ack'] as const) driver.fire(session, event)
    }
    expect(['a', 'b', 'c'].map(id => driver.find(id)?.id)).toEqual([undefined, 'b', 'c'])
  })

  test('needs at most 1 KiB for each of 10 000 open sessions', () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const { driver, begin } = createDriver()
    collect()
    const before = process.memoryUsage().heapUsed
    for (let index = 0; index < 10_000; index++) {
      const id = `3f0c1f2e-5b7a-4c1d-9e8f-${String(index).padStart(12, '0')}`
      driver.fire(begin(id, { seq: index, pings: [], reason: '' }), 'ping')
    }
    collect()
    const bytes = (process.memoryUsage().heapUsed - before) / 10_000
    expect(driver.openSessions).toBe(10_000)
    expect(bytes).toBeLessThan(1_024)
    expect(bytes).toBeGreaterThan(50)
  })
})
