import { describe, expect, test } from 'vitest'
import type { EventRun } from '../../src/events/event-run.ts'
import { SendTrace } from '../../src/relay/send-trace.ts'
import { callerContext, RecordingTracing } from '../support/recording-tracing.ts'

const TARGET = { topic: 'pings', partitions: 4 }

/** A run of three pings from seq 10 on, with traces for those with these indexes. */
function run(lane: number, ...traced: readonly number[]): EventRun {
  const pings = Array.from({ length: 3 }, () => ({ id: '', timestampMs: 0n }))
  const contexts = new Map(traced.map(index => [index, callerContext(100 * lane + index)]))
  return { lane, firstSeq: 10n, tag: 1n, previousTag: 0n, pings, traces: contexts.size === 0 ? undefined : { sinceMs: 1_000, contexts } }
}

describe('a send to Kafka', () => {
  test.each([
    ['without tracing', undefined, [run(1, 0)]],
    ['without a sampled ping', new RecordingTracing(), [run(1), run(2)]],
  ])('%s has no span', (_, tracing, runs) => {
    expect(SendTrace.begin(tracing, runs, TARGET)).toBeUndefined()
    expect(tracing?.spans ?? []).toEqual([])
  })

  test('has one span in the trace of its first sampled ping, with links to the others', () => {
    const tracing = new RecordingTracing()
    SendTrace.begin(tracing, [run(0), run(1, 0, 2), run(6, 1)], TARGET)?.sent()
    const [send, ...more] = tracing.named('send pings')
    expect(more).toEqual([])
    expect([send!.kind, send!.parent, send!.links, send!.isEnded]).toEqual([
      'producer',
      callerContext(100),
      [callerContext(102), callerContext(601)],
      true,
    ])
    expect(send!.attributes).toEqual({
      'messaging.system': 'kafka',
      'messaging.destination.name': 'pings',
      'messaging.operation.name': 'send',
      'messaging.operation.type': 'send',
      'messaging.destination.partition.id': '0,1,2',
      'messaging.batch.message_count': 9,
      'ping.sampled.count': 3,
    })
  })

  test('shows in the trace of each sampled ping how long it took from the hand-over', () => {
    const tracing = new RecordingTracing()
    SendTrace.begin(tracing, [run(1, 0), run(6, 1)], TARGET)?.sent()
    const send = tracing.named('send pings')[0]!
    const published = tracing.named('publish pings')
    expect(published.map(({ parent, links, startMs, isEnded }) => ({ parent, links, startMs, isEnded }))).toEqual(
      [callerContext(100), callerContext(601)].map(parent => ({ parent, links: [send.context], startMs: 1_000, isEnded: true })),
    )
    expect(published.map(({ attributes }) => [attributes['ping.lane'], attributes['ping.seq']])).toEqual([
      [1, 10n],
      [6, 11n],
    ])
  })

  test('that failed has a span with the error, and its pings have none until they are sent', () => {
    const tracing = new RecordingTracing()
    const error = new Error('no broker')
    SendTrace.begin(tracing, [run(1, 0)], TARGET)?.failed(error)
    expect(tracing.spans.map(({ name, isEnded, error: cause }) => ({ name, isEnded, cause }))).toEqual([
      { name: 'send pings', isEnded: true, cause: error },
    ])
  })

  test('with hundreds of sampled pings has at most 128 links', () => {
    const tracing = new RecordingTracing()
    SendTrace.begin(
      tracing,
      Array.from({ length: 100 }, (_, lane) => run(lane, 0, 1, 2)),
      TARGET,
    )
    expect(tracing.spans[0]!.links).toHaveLength(128)
    expect(tracing.spans[0]!.attributes['ping.sampled.count']).toBe(300)
  })
})
