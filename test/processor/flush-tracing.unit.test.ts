import { beforeEach, describe, expect, test } from 'vitest'
import { FlushTracing } from '../../processor/flush-tracing.ts'
import { Flusher } from '../../processor/flusher.ts'
import { Lanes } from '../../processor/lanes.ts'
import { createProcessorMetrics } from '../../processor/metrics.ts'
import { WantedWork } from '../../processor/wanted-work.ts'
import type { Cache } from '../../src/counters/connect.ts'
import { formatPosition } from '../../src/counters/position.ts'
import { START } from '../../src/terms/position.ts'
import { silent } from '../counters/caches.ts'
import { callerContext, RecordingTracing } from '../support/recording-tracing.ts'
import { at, event } from './events.ts'

let tracing: RecordingTracing
let lanes: Lanes
let flusher: Flusher
/** What the cache answers to the next flushes of a lane; then OK. */
let answers: (readonly string[] | Error)[]
beforeEach(() => {
  tracing = new RecordingTracing()
  answers = []
  lanes = new Lanes()
  lanes.grow(2)
  for (const lane of lanes) lane.adopt(START)
  const pingFlush = async () => {
    const answer = answers.shift() ?? ['OK']
    if (answer instanceof Error) throw answer
    return answer
  }
  flusher = new Flusher({
    cache: { pingFlush } as unknown as Cache,
    lanes,
    wanted: new WantedWork(),
    log: silent,
    metrics: createProcessorMetrics(),
    flushTracing: new FlushTracing({ tracing, topic: 'pings', groupId: 'processors' }),
    maxMinutes: 100,
    flushRecords: 1_000,
    flushIntervalMs: 60_000,
  })
})

/** Receives the event of seq; `traced`: as part of the trace of the same number. */
function receive(seq: number, { lane = 0, traced = true } = {}): void {
  const received = { event: event(seq, { lane }), record: { offset: 1_000 + seq, done: false } }
  flusher.receive(traced ? { ...received, trace: { context: callerContext(100 * lane + seq), receivedMs: 5_000 + seq } } : received)
}
const processed = () => tracing.named('process pings').map(({ parent }) => parent)

describe('a flush', () => {
  test('without sampled events has no span', async () => {
    receive(1, { traced: false })
    expect(await flusher.flush()).toBe(true)
    expect(tracing.spans).toEqual([])
  })

  test('has one span in the trace of its first sampled event, with links to the others', async () => {
    receive(1, { traced: false })
    receive(2)
    receive(1, { lane: 1 })
    receive(3)
    await flusher.flush()
    const [flush, ...more] = tracing.named('flush pings')
    expect(more).toEqual([])
    expect([flush!.kind, flush!.parent, flush!.links, flush!.isEnded, flush!.error]).toEqual([
      'consumer',
      callerContext(2),
      [callerContext(3), callerContext(101)],
      true,
      undefined,
    ])
    expect(flush!.attributes).toEqual({
      'messaging.system': 'kafka',
      'messaging.destination.name': 'pings',
      'messaging.consumer.group.name': 'processors',
      'messaging.operation.name': 'flush',
      'messaging.operation.type': 'process',
      'messaging.batch.message_count': 4,
      'ping.lane.count': 2,
      'ping.sampled.count': 3,
      'ping.outcome': 'written',
    })
  })

  test('shows in the trace of each sampled event how long it took from its receipt', async () => {
    receive(1)
    receive(2)
    await flusher.flush()
    const links = [tracing.named('flush pings')[0]!.context]
    expect(tracing.named('process pings').map(({ parent, links: linked, startMs }) => ({ parent, linked, startMs }))).toEqual([
      { parent: callerContext(1), linked: links, startMs: 5_001 },
      { parent: callerContext(2), linked: links, startMs: 5_002 },
    ])
    expect(tracing.named('process pings')[1]).toMatchObject({
      kind: 'consumer',
      isEnded: true,
      attributes: { 'messaging.kafka.offset': 1_002, 'ping.lane': 0, 'ping.seq': 2n, 'messaging.operation.name': 'process' },
    })
  })

  test('of a sampled record that came three times has one span for it', async () => {
    receive(1)
    receive(1)
    await flusher.flush()
    receive(1)
    receive(2, { traced: false })
    await flusher.flush()
    expect(processed()).toEqual([callerContext(1)])
    expect(tracing.named('flush pings')).toHaveLength(1)
  })

  test('that the cache does not answer has a span with an error, and its events have theirs once they are written', async () => {
    receive(1)
    answers = [new Error('no cache')]
    expect(await flusher.flush()).toBe(false)
    expect(processed()).toEqual([])
    receive(2)
    await flusher.flush()
    expect(processed()).toEqual([callerContext(1), callerContext(2)])
    expect(tracing.named('flush pings').map(({ error, attributes }) => [error instanceof Error, attributes['ping.outcome']])).toEqual([
      [true, 'kept'],
      [false, 'written'],
    ])
  })

  test('has no spans for events that another processor has already written', async () => {
    receive(1)
    receive(2)
    answers = [['MOVED', formatPosition(at(1))]]
    await flusher.flush()
    expect(processed()).toEqual([callerContext(2)])
    expect(tracing.named('flush pings').map(({ attributes }) => attributes['ping.outcome'])).toEqual(['moved', 'written'])
  })
})

describe('a sampled event that a catch-up counts instead', () => {
  test.each([
    ['since it does not follow on', () => receive(3)],
    ['since its lane was dropped', () => (receive(1), lanes.get(0)!.drop())],
  ])('%s has no span, and its trace waits for the catch-up', async (_, happens) => {
    happens()
    const lane = lanes.get(0)!
    expect(lane.beginCatchUp()).toBe(true)
    expect(lane.tracesUntilCaughtUp).toHaveLength(1)
    receive(5) // waits until the catch-up has ended
    lane.endCatchUp(at(4))
    expect(lane.tracesUntilCaughtUp).toEqual([])
    await flusher.flush()
    expect(processed()).toEqual([callerContext(5)])
  })

  test('stays with the lane if the catch-up fails', () => {
    receive(3)
    const lane = lanes.get(0)!
    lane.beginCatchUp()
    lane.endCatchUp(undefined)
    expect(lane.tracesUntilCaughtUp).toEqual([callerContext(3)])
  })
})
