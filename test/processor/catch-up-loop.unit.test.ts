import { beforeEach, describe, expect, test } from 'vitest'
import { CatchUpLoop } from '../../processor/catch-up-loop.ts'
import { Lanes } from '../../processor/lanes.ts'
import { createProcessorMetrics } from '../../processor/metrics.ts'
import { WantedWork } from '../../processor/wanted-work.ts'
import type { Cache } from '../../src/counters/connect.ts'
import type { Pool } from '../../src/ledger/pool.ts'
import { START } from '../../src/terms/position.ts'
import { silent } from '../counters/caches.ts'
import { callerContext, RecordingTracing } from '../support/recording-tracing.ts'
import { event } from './events.ts'

let tracing: RecordingTracing
let wanted: WantedWork
let lanes: Lanes
let loop: CatchUpLoop
/** What the cache has applied; undefined: it does not answer. */
let applied: string | null | undefined
beforeEach(() => {
  tracing = new RecordingTracing()
  wanted = new WantedWork()
  lanes = new Lanes()
  lanes.grow(1)
  lanes.get(0)!.adopt(START)
  applied = '0:0'
  const hget = async () => {
    if (applied === undefined) throw new Error('no cache')
    return applied
  }
  loop = new CatchUpLoop({
    cache: { hget, pingFlush: async () => ['OK'] } as unknown as Cache,
    pool: { query: async () => ({ rows: [1, 2, 3].map(seq => event(seq)) }) } as unknown as Pool,
    lanes,
    wanted,
    flusher: { schedule: () => undefined },
    log: silent,
    metrics: createProcessorMetrics(),
    maxMinutes: 100,
    tracing,
  })
})
const spans = () =>
  tracing.named('catch up lane').map(({ attributes, error, isEnded }) => ({ ...attributes, isEnded, hasError: error !== undefined }))

describe('a catch-up has a span', () => {
  test('with its first reason and the number of pings', async () => {
    wanted.wantCatchUp(lanes.get(0)!, 'the cache was rebuilt')
    wanted.wantCatchUp(lanes.get(0)!, 'the cache lags behind the ledger')
    expect([await loop.catchUpNext(), await loop.catchUpNext()]).toEqual([true, false])
    const facts = { 'ping.lane': 0, 'ping.reason': 'the cache was rebuilt', 'ping.outcome': 'reached', 'ping.count': 3 }
    expect(spans()).toEqual([{ ...facts, isEnded: true, hasError: false }])
  })

  test.each([
    ['an error, if the cache does not answer', undefined, { hasError: true }],
    ['its outcome, if the cache is incomplete', null, { hasError: false, 'ping.outcome': 'lost' }],
  ])('with %s', async (_, has, expected) => {
    applied = has
    wanted.wantCatchUp(lanes.get(0)!, 'the cache moved elsewhere')
    await loop.catchUpNext()
    expect(spans()).toEqual([{ 'ping.lane': 0, 'ping.reason': 'the cache moved elsewhere', isEnded: true, ...expected }])
  })

  test('in the trace of the first sampled event that it counts instead of a flush, with links to the others', async () => {
    const lane = lanes.get(0)!
    for (const seq of [5, 7, 9]) {
      const trace = { context: callerContext(seq), receivedMs: 0 }
      lane.accept({ event: event(seq), record: { offset: seq, done: false }, trace })
    }
    wanted.wantCatchUp(lane, 'an event does not follow on')
    await loop.catchUpNext()
    const [span] = tracing.named('catch up lane')
    expect([span!.parent, span!.links]).toEqual([callerContext(5), [callerContext(7), callerContext(9)]])
  })
})
