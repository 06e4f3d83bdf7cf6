import { describe, expect, test } from 'vitest'
import { BatchTrace } from '../../src/server/recorder/batch-trace.ts'
import { Batch } from '../../src/server/recorder/batch.ts'
import type { RequestedPing } from '../../src/server/recorder/ping-recorder.ts'
import type { Span } from '../../src/tracing/tracing.ts'
import { RecordingTracing } from '../support/recording-tracing.ts'

const BEFORE = { seq: 40n, tag: 1n }
const NO_WAITER = { answer: () => undefined }

function call(tracing: RecordingTracing): Span {
  return tracing.begin('call', { kind: 'server' })
}

/** A batch of pings with these ids, as their callers sent them. */
function batchOf(...pings: readonly (readonly [id: string, span?: Span])[]): Batch {
  const batch = new Batch(0)
  for (const [id, span] of pings) batch.add({ id, timestampMs: 1n, idGiven: true, span } satisfies RequestedPing, 9n, NO_WAITER)
  return batch
}

/** What the ledger did with a batch in which these ids were known. */
function recorded(batch: Batch, ...known: readonly string[]) {
  const inserted = batch.seal().pings.filter(({ id }) => !known.includes(id))
  return { lane: 3, before: BEFORE, tag: 2n, inserted, known: new Map(known.map(id => [id, 1n])) }
}

describe('the span of a batch', () => {
  test('is part of the first traced call, has links to the others, and they to it', () => {
    const tracing = new RecordingTracing()
    const [first, second] = [call(tracing), call(tracing)]
    const batch = batchOf(['d'], ['c', first], ['b', second], ['a', first])
    const trace = new BatchTrace(batch.traced, batch.callers)
    trace.recorded(recorded(batch), batch.traced, 2)
    const [span] = tracing.named('record batch')
    expect(span).toMatchObject({ parent: first.context, links: [second.context], isEnded: true, error: undefined })
    expect(span!.attributes).toEqual({
      'db.system.name': 'postgresql',
      'ping.count': 4,
      'ping.sampled.count': 3,
      'ping.lane': 3,
      'ping.seq': 44n,
      'ping.attempts': 2,
    })
    expect(tracing.named('call').map(({ links }) => links)).toEqual([[], [span!.context]])
  })

  test('ends with the error of a batch that is rejected', () => {
    const tracing = new RecordingTracing()
    const batch = batchOf(['a', call(tracing)])
    new BatchTrace(batch.traced, 1).failed(new Error('no'), 1)
    expect(tracing.named('record batch')[0]).toMatchObject({ isEnded: true, error: new Error('no') })
  })
})

describe('a batch carries on', () => {
  test('the trace of each call with one ping, by its place among the inserted', () => {
    const tracing = new RecordingTracing()
    const [first, second] = [call(tracing), call(tracing)]
    const batch = batchOf(['d', first], ['c', first], ['b', second], ['a'])
    const { traces, inserted } = new BatchTrace(batch.traced, 4).recorded(recorded(batch), batch.traced, 1)
    expect(inserted.map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd'])
    expect([...traces!]).toEqual([
      [3, first.context],
      [1, second.context],
    ])
  })

  test('no trace of a ping that was recorded before, but that of another ping of the same call', () => {
    const tracing = new RecordingTracing()
    const [first, second] = [call(tracing), call(tracing)]
    const batch = batchOf(['a', first], ['b', first], ['c', second])
    const { traces } = new BatchTrace(batch.traced, 3).recorded(recorded(batch, 'a', 'c'), batch.traced, 1)
    expect([...traces!]).toEqual([[0, first.context]])
  })

  test('one trace of a ping that several callers sent', () => {
    const tracing = new RecordingTracing()
    const [first, second] = [call(tracing), call(tracing)]
    const batch = batchOf(['a', first], ['a', second])
    const { traces } = new BatchTrace(batch.traced, 2).recorded(recorded(batch), batch.traced, 1)
    expect([...traces!]).toEqual([[0, first.context]])
  })

  test('no trace that is recorded in this program only', () => {
    const tracing = new RecordingTracing()
    const span = call(tracing)
    const batch = batchOf(['a', { ...span, context: { ...span.context, isSampled: false } }], ['b', call(tracing)])
    const { traces } = new BatchTrace(batch.traced, 2).recorded(recorded(batch), batch.traced, 1)
    expect([...traces!.keys()]).toEqual([1])
  })

  test('nothing if no call is traced', () => expect(batchOf(['a'], ['b']).traced).toEqual([]))
})
