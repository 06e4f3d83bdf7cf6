import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ReadinessWatch } from '../../processor/watch-readiness.ts'
import { Readiness } from '../../src/runtime/readiness.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function watched() {
  const first = Promise.withResolvers<void>()
  const ticks = { firstTick: first.promise, sinceTickMs: Infinity }
  const readiness = new Readiness('not yet')
  const watch = new ReadinessWatch({ readiness, ticks })
  watch.start()
  const tick = async () => {
    ticks.sinceTickMs = 0
    first.resolve()
    await vi.advanceTimersByTimeAsync(0)
  }
  return { ticks, readiness, watch, tick }
}

test('a processor is ready after its first successful tick, and for as long as ticks succeed', async () => {
  const { ticks, readiness, watch, tick } = watched()
  expect(readiness.isReady).toBe(false)
  await tick()
  expect(readiness.isReady).toBe(true)
  ticks.sinceTickMs = 5_001
  await vi.advanceTimersByTimeAsync(500)
  expect(readiness.isReady).toBe(false)
  watch.stop()
})

test('a first tick that ends while the processor stops does not make it ready', async () => {
  const { readiness, watch, tick } = watched()
  watch.stop()
  await tick()
  expect(readiness.isReady).toBe(false)
})

test('before its first successful tick a processor keeps the reason of its start', async () => {
  const { readiness, watch } = watched()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(readiness.reason).toBe('not yet')
  watch.stop()
})
