import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Expiring } from '../../src/runtime/expiring.ts'
import { Batch } from '../../src/server/recorder/batch.ts'

describe('open batches', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  test('expire when their time is over, and not earlier; a settled batch does not expire', () => {
    const open = new Expiring(1_000)
    const [first, settled] = [new Batch(performance.now()), new Batch(performance.now())]
    open.add(first)
    open.add(settled)
    vi.advanceTimersByTime(400)
    const later = new Batch(performance.now())
    open.add(later)
    open.delete(settled)
    expect(vi.getTimerCount()).toBe(1)
    vi.advanceTimersByTime(599)
    expect(first.expired).toBe(false)
    vi.advanceTimersByTime(1)
    expect([first.expired, settled.expired, later.expired]).toEqual([true, false, false])
    vi.advanceTimersByTime(399)
    expect(later.expired).toBe(false)
    vi.advanceTimersByTime(1)
    expect(later.expired).toBe(true)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('have no timer left after they are stopped', () => {
    const open = new Expiring(1_000)
    open.add(new Batch(performance.now()))
    open.stop()
    expect(vi.getTimerCount()).toBe(0)
  })
})
