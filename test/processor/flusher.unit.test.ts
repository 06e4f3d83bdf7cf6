import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Flusher } from '../../processor/flusher.ts'
import { Lanes } from '../../processor/lanes.ts'
import { createProcessorMetrics } from '../../processor/metrics.ts'
import { WantedWork } from '../../processor/wanted-work.ts'
import type { Cache } from '../../src/counters/connect.ts'
import { START } from '../../src/terms/position.ts'
import { silent } from '../counters/caches.ts'
import { event } from './events.ts'

const INTERVAL_MS = 3_000

let flusher: Flusher
let flushes: number
beforeEach(() => {
  vi.useFakeTimers()
  flushes = 0
  const lanes = new Lanes()
  lanes.grow(1)
  lanes.get(0)!.adopt(START)
  const pingFlush = async () => (flushes++, ['OK'])
  flusher = new Flusher({
    cache: { pingFlush } as unknown as Cache,
    lanes,
    wanted: new WantedWork(),
    log: silent,
    metrics: createProcessorMetrics(),
    maxMinutes: 100,
    flushRecords: 1_000,
    flushIntervalMs: INTERVAL_MS,
  })
})
afterEach(async () => {
  await flusher.stop()
  vi.useRealTimers()
})

const receive = (seq: number) => flusher.receive({ event: event(seq), record: { offset: seq, done: false } })

test('after an interval without events, the next event is flushed at once; later ones wait for the end of the interval', async () => {
  receive(1)
  await vi.advanceTimersByTimeAsync(0)
  expect(flushes).toBe(1)
  await vi.advanceTimersByTimeAsync(INTERVAL_MS)
  receive(2)
  await vi.advanceTimersByTimeAsync(0)
  expect(flushes).toBe(2)
  receive(3)
  await vi.advanceTimersByTimeAsync(INTERVAL_MS - 1)
  expect(flushes).toBe(2)
  await vi.advanceTimersByTimeAsync(1)
  expect(flushes).toBe(3)
})
