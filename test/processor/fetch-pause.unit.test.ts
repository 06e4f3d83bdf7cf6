import { afterEach, expect, test, vi } from 'vitest'
import { pauseAfter } from '../../processor/fetch-pause.ts'
import { Flusher } from '../../processor/flusher.ts'
import { Lanes } from '../../processor/lanes.ts'
import { createProcessorMetrics } from '../../processor/metrics.ts'
import { WantedWork } from '../../processor/wanted-work.ts'
import type { Cache } from '../../src/counters/connect.ts'
import { START } from '../../src/terms/position.ts'
import { silent } from '../counters/caches.ts'
import { event } from './events.ts'

afterEach(() => void vi.useRealTimers())

test('the pause after a fetch of few records is short, and there is none after a fetch of many', () => {
  expect(pauseAfter(1, 1_000)).toBeGreaterThan(0)
  expect(pauseAfter(1, 1_000)).toBeLessThanOrEqual(200)
  expect(pauseAfter(1_000, 1_000)).toBe(0)
})

test('the pause ends in time for the next flush', () => {
  for (let untilFlushMs = 0; untilFlushMs <= 300; untilFlushMs++)
    expect(pauseAfter(1, untilFlushMs)).toBeLessThanOrEqual(Math.max(0, untilFlushMs - 10))
})

test('the flusher says how long it is until its next flush', async () => {
  vi.useFakeTimers()
  const lanes = new Lanes()
  lanes.grow(1)
  lanes.get(0)!.adopt(START)
  const cache = { pingFlush: async () => ['OK'] } as unknown as Cache
  const flusher = new Flusher({
    cache,
    lanes,
    log: silent,
    metrics: createProcessorMetrics(),
    maxMinutes: 100,
    flushRecords: 1_000,
    flushIntervalMs: 400,
    wanted: new WantedWork(),
  })
  expect(flusher.untilFlushMs, 'after a quiet interval the next event is flushed at once').toBe(0)
  flusher.receive({ event: event(1), record: { offset: 0, done: false } })
  expect(flusher.untilFlushMs, 'the first event is flushed at once, and the events after it an interval later').toBe(400)
  await flusher.flush()
  expect(flusher.untilFlushMs).toBe(400)
  vi.advanceTimersByTime(150)
  expect(flusher.untilFlushMs).toBe(250)
  await flusher.stop()
})
