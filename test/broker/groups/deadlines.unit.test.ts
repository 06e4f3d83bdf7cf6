import { setImmediate } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import { ERROR } from '../../../broker/errors.ts'
import { setDeadline, systemClock } from '../../../broker/groups/clock.ts'
import { FakeClock } from './fake-clock.ts'
import { GROUP, GroupUnderTest, REBALANCE_MS, SESSION_MS } from './group-under-test.ts'

const HEARING_MS = 1_000

describe('a broker that was suspended', () => {
  test('reads the requests of its members before it ends their sessions', () => {
    const group = new GroupUnderTest()
    const {
      ids: [alive = '', gone = ''],
      generation,
    } = group.start(2)
    group.clock.stall(10 * SESSION_MS)
    group.clock.advance(HEARING_MS - 1)
    expect(group.heartbeat(alive, generation)).toBe(ERROR.NONE)
    group.clock.advance(1)
    expect(group.heartbeat(alive, generation)).toBe(ERROR.REBALANCE_IN_PROGRESS)
    expect(group.heartbeat(gone, generation)).toBe(ERROR.UNKNOWN_MEMBER_ID)
  })

  test('reads waiting joins before it completes a rebalance without them', () => {
    const group = new GroupUnderTest()
    const {
      ids: [leader = '', slow = ''],
    } = group.start(2, [{ sessionTimeoutMs: 1_000_000 }, { sessionTimeoutMs: 1_000_000 }])
    const rejoined = group.join({ memberId: leader })
    group.clock.stall(REBALANCE_MS + 5_000)
    expect(rejoined.result).toBeUndefined()
    group.join({ memberId: slow })
    expect(rejoined.result?.members).toHaveLength(2)
  })

  test('reads the join of a new member with its assigned id', () => {
    const group = new GroupUnderTest()
    const memberId = group.join({ requiresKnownId: true }).result!.memberId
    group.clock.stall(2 * SESSION_MS)
    const joined = group.join({ requiresKnownId: true, memberId })
    group.clock.advance(0)
    expect(joined.result).toMatchObject({ error: ERROR.NONE, memberId })
  })

  test('waits only once more: a member that stays silent is removed, even after a second suspension', () => {
    const group = new GroupUnderTest()
    group.start(1)
    group.clock.stall(2 * SESSION_MS)
    group.clock.stall(2 * SESSION_MS)
    expect(group.coordinator.get(GROUP)?.members.size).toBe(0)
  })

  test('leaves no timer for a deadline that was cleared', () => {
    const group = new GroupUnderTest()
    const {
      ids: [memberId = ''],
    } = group.start(1)
    group.clock.stall(2 * SESSION_MS)
    group.coordinator.leave(GROUP, [{ memberId, instanceId: null }])
    expect(group.clock.timerCount).toBe(0)
  })
})

describe('a deadline', () => {
  const ended = vi.fn<() => void>()
  const setOn = (clock: FakeClock, delayMs: number): void => {
    ended.mockClear()
    setDeadline(clock, delayMs, ended)
  }

  test('is not extended if the timer is slightly late, as in a busy process, or if the clock was set', () => {
    const clock = new FakeClock()
    setOn(clock, 5_000)
    clock.setForward(3_600_000)
    clock.stall(5_099)
    expect(ended).toHaveBeenCalledOnce()
  })

  test.each([
    [5_000, 1_000],
    [300, 300],
    [0, 0],
    [-7, 0],
  ])('of %i ms whose timer is late is extended by %i ms', (delayMs, putOffMs) => {
    const clock = new FakeClock()
    setOn(clock, delayMs)
    const dueMs = Math.max(0, delayMs)
    clock.stall(dueMs + 99)
    expect(ended).toHaveBeenCalledTimes(1)
    setOn(clock, delayMs)
    clock.stall(dueMs + 100)
    if (putOffMs > 0) {
      clock.advance(putOffMs - 1)
      expect(ended).not.toHaveBeenCalled()
      clock.advance(1)
    }
    expect(ended).toHaveBeenCalledTimes(1)
    expect(clock.timerCount).toBe(0)
  })

  test('on the clock of the machine ends after the requests that arrived while the process was busy', async () => {
    ended.mockClear()
    const delayMs = 300
    setDeadline(systemClock, delayMs, ended)
    for (const from = performance.now(); performance.now() - from < delayMs + 150;);
    const freeMs = performance.now()
    await setImmediate()
    await setImmediate()
    // A machine that stops just now may use up the extra time, too.
    if (performance.now() - freeMs < delayMs) expect(ended).not.toHaveBeenCalled()
    await vi.waitUntil(() => ended.mock.calls.length > 0, { timeout: 20_000 })
  })
})
