import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { WakeUp } from '../../src/runtime/wake-up.ts'

describe('a wake-up', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  test('ends a sleep at a call, and leaves no timer', async () => {
    const wakeUp = new WakeUp()
    const sleep = wakeUp.sleep(60_000)
    expect(vi.getTimerCount()).toBe(1)
    wakeUp.call()
    await sleep
    expect(vi.getTimerCount()).toBe(0)
  })

  test('ends a sleep after its time', async () => {
    const ended: string[] = []
    const sleep = new WakeUp().sleep(1_000).then(() => ended.push('sleep'))
    await vi.advanceTimersByTimeAsync(999)
    expect(ended).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    await sleep
    expect(ended).toEqual(['sleep'])
  })

  test('has no effect on a later sleep', async () => {
    const wakeUp = new WakeUp()
    wakeUp.call()
    const first = wakeUp.sleep(1_000)
    wakeUp.call()
    wakeUp.call()
    await first
    const ended: string[] = []
    const second = wakeUp.sleep(1_000).then(() => ended.push('second'))
    await vi.advanceTimersByTimeAsync(999)
    expect(ended).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    await second
  })
})
