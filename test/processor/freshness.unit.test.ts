import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { decideLane } from '../../processor/decide.ts'
import { LaneBuffer } from '../../processor/lane-buffer.ts'
import { processorSettings } from '../../processor/settings.ts'
import { FLUSH_INTERVAL_MS, FRESH_WITHIN_MS, NEGLECTED_AFTER_MS, TICK_INTERVAL_MS } from '../../src/counters/freshness.ts'
import { START } from '../../src/terms/position.ts'
import { at, Feed } from './events.ts'

describe('the freshness numbers', () => {
  test('leave time for Kafka and the writes between the oldest asof under load and what is still fresh', () => {
    const oldestMs = oldestAsofUnderLoad()
    expect(oldestMs).toBe(FLUSH_INTERVAL_MS + TICK_INTERVAL_MS)
    expect(FRESH_WITHIN_MS - oldestMs).toBeGreaterThanOrEqual(400)
  })

  test('leave a lane alone that its own processor looks after', () => {
    const view = { mine: false, needsCatchUp: false, end: at(1), previousHead: at(2), timeMs: 10_000 }
    expect(decideLane({ ...view, asofMs: view.timeMs - oldestAsofUnderLoad() })).toBe('leave')
  })

  test('take over the lanes of a dead processor no later than they stop being fresh', () => {
    expect(NEGLECTED_AFTER_MS + TICK_INTERVAL_MS).toBeLessThanOrEqual(FRESH_WITHIN_MS)
  })

  test("are the defaults of the processor's settings", () => {
    expect(processorSettings.flushIntervalMs.fallback).toBe(FLUSH_INTERVAL_MS)
    expect(processorSettings.tickIntervalMs.fallback).toBe(TICK_INTERVAL_MS)
  })

  test.each([
    ['guarantees', String(FRESH_WITHIN_MS)],
    ['failure-modes', `${NEGLECTED_AFTER_MS / 1_000} s`],
  ])('are in docs/%s.md', (page, text) => {
    expect(readFileSync(new URL(`../../docs/${page}.md`, import.meta.url), 'utf8')).toContain(text)
  })
})

/**
 * The age that the `asof` of a lane reaches under load, in ms, if Kafka, Postgres and the cache take no time. The worst case: each
 * flush begins just before a tick, so it carries the time of the tick before.
 */
function oldestAsofUnderLoad(): number {
  const lane = new LaneBuffer(0)
  lane.adopt(START)
  const feed = new Feed(lane)
  let [seq, asofMs, oldestMs] = [0, 0, 0]
  for (let nowMs = 0; nowMs <= 10 * FLUSH_INTERVAL_MS; nowMs += 10) {
    oldestMs = Math.max(oldestMs, nowMs - asofMs)
    if (nowMs % FLUSH_INTERVAL_MS === 0) {
      const flush = lane.take()
      if (flush) lane.flushed(flush)
      asofMs = flush?.asofMs ?? asofMs
    }
    if (nowMs % TICK_INTERVAL_MS === 0) lane.mark({ timeMs: nowMs, head: at(seq) })
    feed.take(++seq)
  }
  return oldestMs
}
